/* The painter of PNG: a figure becomes pixels, and png_encode.c makes a file of them. */
#include <math.h>
#include <string.h>

#include "paint/canvas.h"
#include "paint/canvas_text.h"
#include "paint/painter.h"
#include "paint/pixel_grid.h"
#include "paint/png_encode.h"
#include "paint/png_palette.h"

/* A picture gets a palette if no pixel is off by more than this, of 255; where every other colour of the map
 * has to do, that leaves more places, but not always enough to come so near. */
enum { EDGE_OFF = 10, EDGE_OFF_AT_MOST = 16 };

/* Pixels an inch at a dpi_scale of 1, so that a document shows a picture that is larger by it sharper, at the same size. */
#define CSS_DPI 96.0

static bool paint_items(struct canvas *canvas, const struct figure *figure, struct error *error)
{
    for (size_t i = 0; i < figure->count; i++) {
        const struct figure_item *item = &figure->items[i];
        switch (item->kind) {
        case FIGURE_RECT:
            canvas_rect(canvas, item);
            break;
        case FIGURE_MATRIX:
            if (!(item->matrix.is_veil ? canvas_veil : canvas_matrix)(canvas, item, figure, error))
                return false;
            break;
        case FIGURE_IMAGE:
            if (!canvas_image(canvas, item, error))
                return false;
            break;
        case FIGURE_LINE:
            canvas_line(canvas, item);
            break;
        case FIGURE_RAMP:
            canvas_ramp(canvas, item, figure);
            break;
        case FIGURE_TEXT:
            if (!canvas_text(canvas, item, figure->strings + item->text.string, error))
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
