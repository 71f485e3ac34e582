/* The painter of PNG: a figure becomes pixels, and png_encode.c makes a file of them. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "figure/typeset.h"
#include "paint/painter.h"
#include "paint/png_encode.h"
#include "paint/png_palette.h"

/* A picture gets a palette if no pixel is off by more than this, of 255; where every other colour of the map
 * has to do, that leaves more places, but not always enough to come so near. */
enum { EDGE_OFF = 10, EDGE_OFF_AT_MOST = 16 };

/* height×width pixels of red, green, blue. */
struct canvas {
    uint8_t *rows;   /* as png_encode wants them: a byte of its own, then the pixels of a row. Borrowed */
    uint8_t *pixels; /* the first one */
    size_t stride;   /* bytes from row to row */
    int width, height;
    struct font *font;
    /* The image that was painted last, at the size it was painted: panels have it in common. */
    const struct image *image;
    struct image scaled;
};

static int clamp_pixel(double value, int low, int high)
{
    return value < low ? low : value > high ? high : (int)value;
}

static void canvas_fill(const struct canvas *canvas, int left, int top, int right, int bottom,
                        struct color color)
{
    if (left >= right || top >= bottom)
        return;
    size_t stride = canvas->stride, length = (size_t)(right - left) * 3;
    uint8_t *first = canvas->pixels + (size_t)top * stride + (size_t)left * 3;
    for (size_t i = 0; i < length; i += 3) {
        first[i] = color.r;
        first[i + 1] = color.g;
        first[i + 2] = color.b;
    }
    for (int y = top + 1; y < bottom; y++)
        memcpy(first + (size_t)(y - top) * stride, first, length);
}

/* The pixels between two edges; at least one, so that no line is too thin to be drawn. */
static void paint_rect(const struct canvas *canvas, const struct figure_item *item)
{
    int left = clamp_pixel(round((double)item->x), 0, canvas->width - 1);
    int top = clamp_pixel(round((double)item->y), 0, canvas->height - 1);
    int right = clamp_pixel(round((double)(item->x + item->width)), left + 1, canvas->width);
    int bottom = clamp_pixel(round((double)(item->y + item->height)), top + 1, canvas->height);
    canvas_fill(canvas, left, top, right, bottom, item->color);
}

/* The bar shows every other colour of the map: each is near its place, and a palette has room for more. */
static size_t ramp_color(size_t index)
{
    return index | 1;
}

static void paint_ramp(const struct canvas *canvas, const struct figure_item *item,
                       const struct figure *figure)
{
    int top = clamp_pixel(round((double)item->y), 0, canvas->height);
    int bottom = clamp_pixel(round((double)(item->y + item->height)), top, canvas->height);
    int left = clamp_pixel(round((double)item->x), 0, canvas->width);
    int right = clamp_pixel(round((double)(item->x + item->width)), left, canvas->width);
    for (int y = top; y < bottom; y++) {
        int index = (int)((bottom - 1 - y + 0.5) / (bottom - top) * FIGURE_COLORS);
        size_t color = ramp_color((size_t)clamp_pixel(index, 0, FIGURE_COLORS - 1));
        canvas_fill(canvas, left, y, right, y + 1, figure->palette[item->colors + color]);
    }
}

/* Row by row: the first line of pixels of a row of cells is filled in, the others are copies of it. */
static bool paint_matrix(const struct canvas *canvas, const struct figure_item *item,
                         const struct figure *figure, struct error *error)
{
    const uint16_t *cells = figure->cells + item->matrix.cells;
    size_t rows = item->matrix.rows, columns = item->matrix.columns;
    double cell_width = (double)item->width / (double)columns,
           cell_height = (double)item->height / (double)rows;
    int gap = (int)round((double)item->matrix.gap);
    size_t stride = canvas->stride;
    int begin = clamp_pixel(round((double)item->x), 0, canvas->width), end = begin;
    int *right = memory_alloc(columns, sizeof *right, error); /* where each column ends */
    if (!right)
        return false;
    for (size_t j = 0; j < columns; j++)
        right[j] = end = clamp_pixel(round(item->x + (double)(j + 1) * cell_width), end, canvas->width);
    for (size_t i = 0; i < rows; i++) {
        int top = clamp_pixel(round(item->y + (double)i * cell_height), 0, canvas->height);
        int bottom = clamp_pixel(round(item->y + (double)(i + 1) * cell_height), top, canvas->height);
        bottom -= i + 1 < rows ? gap : 0;
        if (top >= bottom)
            continue;
        uint8_t *line = canvas->pixels + (size_t)top * stride;
        int x = begin;
        for (size_t j = 0; j < columns; j++) {
            struct color color = figure->palette[item->colors + cells[i * columns + j]];
            for (int edge = right[j] - (j + 1 < columns ? gap : 0); x < edge; x++)
                memcpy(line + 3 * x, &color, 3);
            x = right[j];
        }
        for (int y = top + 1; y < bottom; y++)
            memcpy(canvas->pixels + (size_t)y * stride + (size_t)begin * 3, line + (size_t)begin * 3,
                   (size_t)(end - begin) * 3);
    }
    free(right);
    return true;
}

static uint8_t blend(uint8_t below, uint8_t above, unsigned coverage)
{
    return (uint8_t)((below * (255 - coverage) + above * coverage + 127) / 255);
}

static void paint_pixel(const struct canvas *canvas, int x, int y, struct color color, unsigned coverage)
{
    if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height)
        return;
    uint8_t *pixel = canvas->pixels + (size_t)y * canvas->stride + (size_t)x * 3;
    pixel[0] = blend(pixel[0], color.r, coverage);
    pixel[1] = blend(pixel[1], color.g, coverage);
    pixel[2] = blend(pixel[2], color.b, coverage);
}

static bool paint_image(struct canvas *canvas, const struct figure_item *item, struct error *error)
{
    int left = clamp_pixel(round((double)item->x), 0, canvas->width);
    int top = clamp_pixel(round((double)item->y), 0, canvas->height);
    int right = clamp_pixel(round((double)(item->x + item->width)), left, canvas->width);
    int bottom = clamp_pixel(round((double)(item->y + item->height)), top, canvas->height);
    size_t width = (size_t)(right - left), height = (size_t)(bottom - top);
    if (width == 0 || height == 0)
        return true;
    struct image *scaled = &canvas->scaled;
    if (canvas->image != item->image || scaled->width != width || scaled->height != height) {
        image_free(scaled);
        canvas->image = NULL;
        if (!image_scale(scaled, item->image, width, height, error))
            return false;
        canvas->image = item->image;
        for (size_t i = 0; i < width * height; i++)
            figure_pale(scaled->pixels + 3 * i);
    }
    for (size_t y = 0; y < height; y++)
        memcpy(canvas->pixels + ((size_t)top + y) * canvas->stride + (size_t)left * 3,
               scaled->pixels + y * width * 3, width * 3);
    return true;
}

/* Translucent cells over the pixels that are there. */
static void paint_veil(const struct canvas *canvas, const struct figure_item *item,
                       const struct figure *figure)
{
    const uint16_t *cells = figure->cells + item->matrix.cells;
    size_t rows = item->matrix.rows, columns = item->matrix.columns;
    double cell_width = (double)item->width / (double)columns,
           cell_height = (double)item->height / (double)rows;
    for (size_t i = 0; i < rows; i++) {
        int top = clamp_pixel(round(item->y + (double)i * cell_height), 0, canvas->height);
        int bottom = clamp_pixel(round(item->y + (double)(i + 1) * cell_height), top, canvas->height);
        for (size_t j = 0; j < columns; j++) {
            int left = clamp_pixel(round(item->x + (double)j * cell_width), 0, canvas->width);
            int right = clamp_pixel(round(item->x + (double)(j + 1) * cell_width), left, canvas->width);
            unsigned coverage = figure_veil_coverage(cells[i * columns + j]);
            struct color color = figure->palette[item->colors + cells[i * columns + j]];
            for (int y = top; y < bottom; y++)
                for (int x = left; x < right; x++)
                    paint_pixel(canvas, x, y, color, coverage);
        }
    }
}

/* A line of text: `along` is where it begins on its baseline, `across` where the baseline lies. */
struct brush {
    const struct canvas *canvas;
    double along;
    int across;
    bool vertical;
    struct color color;
};

/* A pixel of the text, given along the baseline and downward from it. */
static void brush_pixel(const struct brush *brush, int along, int down, unsigned coverage)
{
    if (brush->vertical)
        paint_pixel(brush->canvas, brush->across + down, -along - 1, brush->color, coverage);
    else
        paint_pixel(brush->canvas, along, brush->across + down, brush->color, coverage);
}

static void paint_box(const struct brush *brush, const struct typeset_mark *mark)
{
    int left = (int)round(brush->along + mark->x),
        right = (int)round(brush->along + mark->x + mark->width) - 1;
    int top = (int)round(mark->y), bottom = (int)round(mark->y + mark->height) - 1;
    int thick = (int)fmax(1, round(mark->size / 14));
    for (int y = top; y <= bottom; y++)
        for (int x = left; x <= right; x++)
            if (x < left + thick || x > right - thick || y < top + thick || y > bottom - thick)
                brush_pixel(brush, x, y, 150);
}

/* The receiver of the marks of a text. */
static bool paint_mark(void *context, const struct typeset_mark *mark, struct error *error)
{
    const struct brush *brush = context;
    if (mark->box) {
        paint_box(brush, mark);
        return true;
    }
    double place = floor((brush->along + mark->x) * 4 + 0.5) / 4;
    int pixel = (int)floor(place);
    struct font_bitmap bitmap;
    if (!font_glyph(brush->canvas->font, mark->face, mark->glyph, mark->size, (int)((place - pixel) * 4),
                    &bitmap, error))
        return false;
    int below = (int)round(mark->y);
    for (int y = 0; y < bitmap.height; y++)
        for (int x = 0; x < bitmap.width; x++) {
            uint8_t coverage = bitmap.coverage[y * bitmap.width + x];
            if (coverage > 0)
                brush_pixel(brush, pixel + bitmap.left + x, below + bitmap.top + y, coverage);
        }
    return true;
}

static bool paint_text(const struct canvas *canvas, const struct figure_item *item, const char *text,
                       struct error *error)
{
    double size = (double)item->text.size, width = 0;
    if (item->text.anchor != ANCHOR_START)
        width = typeset_width(canvas->font, text, size, error);
    if (item->text.anchor == ANCHOR_MIDDLE)
        width /= 2;
    /* Upright text runs along a y axis that is turned round. */
    double along = item->text.vertical ? (double)-item->y : (double)item->x;
    double across = item->text.vertical ? (double)item->x : (double)item->y;
    struct brush brush = {canvas, along - width, (int)round(across), item->text.vertical, item->color};
    return error->kind == ERROR_NONE &&
           typeset_text(canvas->font, text, size, paint_mark, &brush, &width, error);
}

static bool paint_items(struct canvas *canvas, const struct figure *figure, struct error *error)
{
    for (size_t i = 0; i < figure->count; i++) {
        const struct figure_item *item = &figure->items[i];
        switch (item->kind) {
        case FIGURE_RECT:
            paint_rect(canvas, item);
            break;
        case FIGURE_MATRIX:
            if (item->matrix.is_veil)
                paint_veil(canvas, item, figure);
            else if (!paint_matrix(canvas, item, figure, error))
                return false;
            break;
        case FIGURE_IMAGE:
            if (!paint_image(canvas, item, error))
                return false;
            break;
        case FIGURE_RAMP:
            paint_ramp(canvas, item, figure);
            break;
        case FIGURE_TEXT:
            if (!paint_text(canvas, item, figure->strings + item->text.string, error))
                return false;
        }
    }
    return true;
}

/* A white canvas. */
static bool canvas_begin(struct canvas *canvas, struct paint_kit *kit, const struct figure *figure,
                         struct error *error)
{
    canvas->width = (int)ceilf(figure->width);
    canvas->height = (int)ceilf(figure->height);
    canvas->stride = (size_t)canvas->width * 3 + 1;
    canvas->font = kit->font;
    size_t bytes = canvas->stride * (size_t)canvas->height;
    if (!paint_kit_reserve(kit, bytes, error))
        return false;
    memset(kit->pixels, 255, bytes);
    canvas->rows = kit->pixels;
    canvas->pixels = kit->pixels + 1;
    return true;
}

/* Puts the colours that a figure names into the palette, of the map's in cells all or, as on the bar, every
 * other one: each cell then lies at most one of them off. Returns false if they are too many, and if there is
 * an image, because a palette may change only the pixels at the edges of letters. */
static bool keep_colors(struct palette *palette, const struct figure *figure, bool every_other)
{
    bool used[FIGURE_PALETTES * FIGURE_PALETTE] = {false},
                                fits = palette_keep(palette, (struct color){255, 255, 255});
    for (size_t i = 0; fits && i < figure->count; i++) {
        const struct figure_item *item = &figure->items[i];
        if (item->kind == FIGURE_RECT || item->kind == FIGURE_TEXT)
            fits = palette_keep(palette, item->color);
        for (size_t c = 0; item->kind == FIGURE_RAMP && c < FIGURE_COLORS; c++)
            used[item->colors + ramp_color(c)] = true;
        for (size_t c = 0; item->kind == FIGURE_MATRIX && c < item->matrix.rows * item->matrix.columns; c++) {
            size_t color = figure->cells[item->matrix.cells + c];
            used[item->colors + (every_other && color < FIGURE_COLORS ? ramp_color(color) : color)] = true;
        }
        fits = fits && item->kind != FIGURE_IMAGE;
    }
    for (size_t i = 0; fits && i < FIGURE_PALETTES * FIGURE_PALETTE; i++)
        fits = !used[i] || palette_keep(palette, figure->palette[i]);
    return fits;
}

static bool canvas_encode(const struct canvas *canvas, const struct figure *figure, struct out *out,
                          struct error *error)
{
    struct palette palette = {0};
    bool indexed = false;
    for (int every_other = 0; every_other < 2 && !indexed; every_other++) {
        palette.count = 0;
        indexed = keep_colors(&palette, figure, every_other) &&
                  palette_apply(&palette, canvas->rows, canvas->width, canvas->height,
                                every_other ? EDGE_OFF_AT_MOST : EDGE_OFF);
    }
    return png_encode(canvas->rows, canvas->width, canvas->height, indexed ? &palette : NULL, out, error);
}

static bool png_paint(struct paint_kit *kit, const struct figure *figure, struct out *out,
                      struct error *error)
{
    struct canvas canvas = {0};
    bool done = canvas_begin(&canvas, kit, figure, error) && paint_items(&canvas, figure, error) &&
                canvas_encode(&canvas, figure, out, error);
    image_free(&canvas.scaled);
    return done;
}

const struct painter painter_png = {png_paint};
