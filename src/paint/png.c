/* The painter of PNG: a figure becomes pixels, and png_encode.c makes a file of them. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "figure/typeset.h"
#include "paint/painter.h"
#include "paint/pixel_grid.h"
#include "paint/png_encode.h"
#include "paint/png_palette.h"

/* A picture gets a palette if no pixel is off by more than this, of 255; where every other colour of the map
 * has to do, that leaves more places, but not always enough to come so near. */
enum { EDGE_OFF = 10, EDGE_OFF_AT_MOST = 16 };

/* Pixels an inch at a dpi_scale of 1, so that a document shows a picture that is larger by it sharper, at the same size. */
#define CSS_DPI 96.0

/* height×width pixels of red, green, blue. */
struct canvas {
    uint8_t *rows;   /* as png_encode wants them: a byte of its own, then the pixels of a row. Borrowed */
    uint8_t *pixels; /* the first one */
    size_t stride;   /* bytes from row to row */
    int width, height;
    struct font *font;
    /* The image that was painted last, at the size it was painted: panels have it in common. */
    const struct image *image;
    bool is_pale;
    struct image scaled;
};

static int clamp_pixel(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
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

/* What of a box lies on the canvas. */
static struct pixel_box clip(const struct canvas *canvas, struct pixel_box box)
{
    return (struct pixel_box){
        clamp_pixel(box.left, 0, canvas->width), clamp_pixel(box.top, 0, canvas->height),
        clamp_pixel(box.right, 0, canvas->width), clamp_pixel(box.bottom, 0, canvas->height)};
}

/* A line at the very edge stays on the canvas. */
static void paint_rect(const struct canvas *canvas, const struct figure_item *item)
{
    struct pixel_box box = pixel_box_of(item);
    int left = clamp_pixel(box.left, 0, canvas->width - 1), top = clamp_pixel(box.top, 0, canvas->height - 1);
    canvas_fill(canvas, left, top, clamp_pixel(box.right, left + 1, canvas->width),
                clamp_pixel(box.bottom, top + 1, canvas->height), item->color);
}

static void paint_ramp(const struct canvas *canvas, const struct figure_item *item,
                       const struct figure *figure)
{
    const struct pixel_box box = pixel_box_of(item), seen = clip(canvas, box);
    for (int y = seen.top; y < seen.bottom; y++)
        canvas_fill(canvas, seen.left, y, seen.right, y + 1, pixel_ramp_color(figure, item, box, y));
}

/* Row by row: the first line of pixels of a row of cells is filled in, the others are copies of it. */
static bool paint_matrix(const struct canvas *canvas, const struct figure_item *item,
                         const struct figure *figure, struct error *error)
{
    const uint16_t *cells = figure->cells + item->matrix.cells;
    const size_t rows = item->matrix.rows, columns = item->matrix.columns, stride = canvas->stride;
    const int gap = (int)round((double)item->matrix.gap);
    struct pixel_edges edges = {0};
    const bool ok = pixel_edges_find(&edges, item, error);
    for (size_t i = 0; ok && i < rows; i++) {
        const int top = clamp_pixel(edges.y[i], 0, canvas->height);
        const int bottom = clamp_pixel(edges.y[i + 1] - (i + 1 < rows ? gap : 0), top, canvas->height);
        const int begin = clamp_pixel(edges.x[0], 0, canvas->width),
                  end = clamp_pixel(edges.x[columns], begin, canvas->width);
        if (top == bottom)
            continue;
        uint8_t *line = canvas->pixels + (size_t)top * stride;
        for (size_t j = 0; j < columns; j++) {
            struct color color = figure->palette[item->colors + cells[i * columns + j]];
            const int edge = clamp_pixel(edges.x[j + 1] - (j + 1 < columns ? gap : 0), 0, canvas->width);
            for (int x = clamp_pixel(edges.x[j], 0, canvas->width); x < edge; x++)
                memcpy(line + 3 * x, &color, 3);
        }
        for (int y = top + 1; y < bottom; y++)
            memcpy(canvas->pixels + (size_t)y * stride + (size_t)begin * 3, line + (size_t)begin * 3,
                   (size_t)(end - begin) * 3);
    }
    pixel_edges_free(&edges);
    return ok;
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

/* The image at the size it is shown, and pale where it lies beneath cells; the one that was painted last is kept. */
static bool scale_image(struct canvas *canvas, const struct image *image, bool is_pale, size_t width,
                        size_t height, struct error *error)
{
    struct image *scaled = &canvas->scaled;
    if (canvas->image == image && canvas->is_pale == is_pale && scaled->width == width &&
        scaled->height == height)
        return true;
    image_free(scaled);
    canvas->image = NULL;
    if (!image_scale(scaled, image, width, height, error))
        return false;
    canvas->image = image;
    canvas->is_pale = is_pale;
    for (size_t i = 0; is_pale && i < width * height; i++)
        figure_pale(scaled->pixels + 3 * i);
    return true;
}

static double share(double value)
{
    return value < 0 ? 0 : value > 1 ? 1 : value;
}

/* How much of a pixel, whose middle lies there, a line covers: by how far it lies within the line's sides and its ends. */
static double line_share(double along, double across, double length, double thick)
{
    const double sides = fmin(share(across + thick / 2 + 0.5), share(thick / 2 - across + 0.5));
    return sides * share(along + 0.5) * share(length - along + 0.5);
}

/* Pixel by pixel in the direction in which the line is longer; across it those that it reaches. */
static void paint_line(const struct canvas *canvas, const struct figure_item *item)
{
    const double dx = (double)item->width, dy = (double)item->height, length = hypot(dx, dy);
    const double thick = fmax((double)item->line.thick, 1);
    if (length <= 0)
        return;
    const bool is_flat = fabs(dx) >= fabs(dy);
    const double x = dx / length, y = dy / length, begin = (double)(is_flat ? item->x : item->y),
                 other = (double)(is_flat ? item->y : item->x), by = is_flat ? dx : dy,
                 slope = is_flat ? dy / dx : dx / dy, reach = (thick / 2 + 0.5) / fmax(fabs(x), fabs(y));
    const int most = is_flat ? canvas->width : canvas->height;
    const int first = clamp_pixel((int)floor(fmin(begin, begin + by) - thick), 0, most),
              last = clamp_pixel((int)ceil(fmax(begin, begin + by) + thick), 0, most);
    for (int i = first; i < last; i++) {
        const double middle = other + (i + 0.5 - begin) * slope;
        for (int j = (int)floor(middle - reach); j < middle + reach; j++) {
            const int column = is_flat ? i : j, row = is_flat ? j : i;
            const double from_x = column + 0.5 - (double)item->x, from_y = row + 0.5 - (double)item->y;
            const double covered =
                line_share(from_x * x + from_y * y, from_y * x - from_x * y, length, thick);
            const unsigned coverage = (unsigned)(covered * item->line.opacity + 0.5);
            if (coverage > 0)
                paint_pixel(canvas, column, row, item->color, coverage);
        }
    }
}

static bool paint_image(struct canvas *canvas, const struct figure_item *item, struct error *error)
{
    const struct pixel_box box = pixel_box_of(item), seen = clip(canvas, box);
    if (seen.left >= seen.right || seen.top >= seen.bottom)
        return true;
    const size_t width = (size_t)(box.right - box.left);
    if (!scale_image(canvas, item->image.pixels, item->image.is_pale, width, (size_t)(box.bottom - box.top),
                     error))
        return false;
    for (int y = seen.top; y < seen.bottom; y++)
        memcpy(canvas->pixels + (size_t)y * canvas->stride + (size_t)seen.left * 3,
               canvas->scaled.pixels + ((size_t)(y - box.top) * width + (size_t)(seen.left - box.left)) * 3,
               (size_t)(seen.right - seen.left) * 3);
    return true;
}

/* Translucent cells over the pixels that are there. */
static bool paint_veil(const struct canvas *canvas, const struct figure_item *item,
                       const struct figure *figure, struct error *error)
{
    const uint16_t *cells = figure->cells + item->matrix.cells;
    const size_t rows = item->matrix.rows, columns = item->matrix.columns;
    struct pixel_edges edges = {0};
    const bool ok = pixel_edges_find(&edges, item, error);
    for (size_t i = 0; ok && i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            const uint16_t cell = cells[i * columns + j];
            const struct pixel_box seen =
                clip(canvas, (struct pixel_box){edges.x[j], edges.y[i], edges.x[j + 1], edges.y[i + 1]});
            for (int y = seen.top; y < seen.bottom; y++)
                for (int x = seen.left; x < seen.right; x++)
                    paint_pixel(canvas, x, y, figure->palette[item->colors + cell],
                                figure_veil_coverage(cell));
        }
    pixel_edges_free(&edges);
    return ok;
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
static void brush_pixel(const struct brush *brush, int along, int down, struct color color, unsigned coverage)
{
    if (brush->vertical)
        paint_pixel(brush->canvas, brush->across + down, -along - 1, color, coverage);
    else
        paint_pixel(brush->canvas, along, brush->across + down, color, coverage);
}

/* A pixel of a picture in colour: red, green, blue and alpha, multiplied by alpha. */
static void brush_colors(const struct brush *brush, int along, int down, const uint8_t pixel[4])
{
    const unsigned alpha = pixel[3];
    uint8_t own[3];
    for (int i = 0; i < 3; i++)
        own[i] = (uint8_t)(alpha > 0 ? fmin(pixel[i] * 255.0 / alpha + 0.5, 255) : 0);
    brush_pixel(brush, along, down, (struct color){own[0], own[1], own[2]}, alpha);
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
                brush_pixel(brush, x, y, brush->color, 150);
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
            const size_t at = (size_t)y * (size_t)bitmap.width + (size_t)x;
            const int along = pixel + bitmap.left + x, down = below + bitmap.top + y;
            if (bitmap.is_colored)
                brush_colors(brush, along, down, bitmap.coverage + 4 * at);
            else if (bitmap.coverage[at] > 0)
                brush_pixel(brush, along, down, brush->color, bitmap.coverage[at]);
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
            if (!(item->matrix.is_veil ? paint_veil : paint_matrix)(canvas, item, figure, error))
                return false;
            break;
        case FIGURE_IMAGE:
            if (!paint_image(canvas, item, error))
                return false;
            break;
        case FIGURE_LINE:
            paint_line(canvas, item);
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

/* Whether there is an image or a line: a palette may change only the pixels at the edges of letters, and cells. */
static bool has_other_pixels(const struct figure *figure)
{
    for (size_t i = 0; i < figure->count; i++)
        if (figure->items[i].kind == FIGURE_IMAGE || figure->items[i].kind == FIGURE_LINE)
            return true;
    return false;
}

enum { FIGURE_ALL = FIGURE_PALETTES * FIGURE_PALETTE };

/* Which colours of the figure's palettes its cells have, and which its bars. */
static void find_used(const struct figure *figure, bool cells[FIGURE_ALL], bool bars[FIGURE_ALL])
{
    for (size_t i = 0; i < figure->count; i++) {
        const struct figure_item *item = &figure->items[i];
        for (size_t c = 0; item->kind == FIGURE_RAMP && c < FIGURE_COLORS; c++)
            bars[item->colors + pixel_ramp_shown(c)] = true;
        const size_t count = item->kind == FIGURE_MATRIX ? item->matrix.rows * item->matrix.columns : 0;
        const uint16_t *indexes = figure->cells + (count > 0 ? item->matrix.cells : 0);
        for (size_t c = 0; c < count; c++)
            cells[item->colors + indexes[c]] = true;
    }
}

/* Puts the colours that a figure names into the palette, of the map's in cells all or, as on the bar, every
 * other one: each cell then lies at most one of them off. Returns false if they are too many. */
static bool keep_colors(struct palette *palette, const struct figure *figure, const bool cells[FIGURE_ALL],
                        const bool bars[FIGURE_ALL], bool every_other)
{
    bool used[FIGURE_ALL], fits = palette_keep(palette, (struct color){255, 255, 255});
    memcpy(used, bars, sizeof used);
    for (size_t i = 0; i < FIGURE_ALL; i++) {
        const size_t first = i / FIGURE_PALETTE * FIGURE_PALETTE, color = i - first;
        if (cells[i])
            used[first + (every_other && color < FIGURE_COLORS ? pixel_ramp_shown(color) : color)] = true;
    }
    for (size_t i = 0; fits && i < figure->count; i++)
        if (figure->items[i].kind == FIGURE_RECT || figure->items[i].kind == FIGURE_TEXT)
            fits = palette_keep(palette, figure->items[i].color);
    for (size_t i = 0; fits && i < FIGURE_ALL; i++)
        fits = !used[i] || palette_keep(palette, figure->palette[i]);
    return fits;
}

static bool canvas_encode(const struct canvas *canvas, const struct figure *figure, struct out *out,
                          struct error *error)
{
    struct palette palette = {0};
    struct picture_colors colors = {0};
    const bool are_few =
        !has_other_pixels(figure) && palette_find(&colors, canvas->rows, canvas->width, canvas->height);
    bool indexed = false, cells[FIGURE_ALL] = {false}, bars[FIGURE_ALL] = {false};
    if (are_few)
        find_used(figure, cells, bars);
    for (int every_other = 0; are_few && every_other < 2 && !indexed; every_other++) {
        palette.count = 0;
        indexed = keep_colors(&palette, figure, cells, bars, every_other) &&
                  palette_fit(&palette, &colors, every_other ? EDGE_OFF_AT_MOST : EDGE_OFF);
    }
    if (indexed)
        palette_write(&colors, canvas->rows, canvas->width, canvas->height);
    const struct png_notes notes = {.dpi = CSS_DPI * (double)figure->dpi_scale,
                                    .is_named = figure->is_named,
                                    .title = figure->title,
                                    .command = figure->command};
    return png_encode(canvas->rows, canvas->width, canvas->height, indexed ? &palette : NULL, &notes, out,
                      error);
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

const struct painter painter_png = {.has_glyphs = true, .paint = png_paint};
