#include "paint/svg_cells.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "paint/painter.h"
#include "paint/svg_write.h"

/* The longest image of one piece, and the blanks behind each piece. libxml2, which reads for librsvg, gives up where it
 * holds 10,000,000 bytes: an attribute, and what it has not forgotten of what came before. It forgets in text that is longer
 * than what it reads at once: tried with pieces of a megabyte in 20, it gives up with 500 blanks, and not with 4,000. */
enum { ADDRESS_MOST = 1000000, BLANKS = 6000 };

/* In the order of painting. */
enum layer { LAYER_GROUND, LAYER_CELLS, LAYER_VEIL, LAYERS };

/* Neighbouring cells of one colour. */
struct color_run {
    enum layer layer;
    size_t color; /* offset into figure.palette */
    uint16_t cell;
    struct pixel_box box;
};

/* Runs begin zeroed, with the memory of `list` the caller's to free. */
struct color_runs {
    struct color_run *list;
    size_t count, room;
};

size_t svg_cells_count(const struct figure *figure)
{
    size_t count = 0;
    for (size_t i = 0; i < figure->count; i++)
        if (figure->items[i].kind == FIGURE_MATRIX)
            count += figure->items[i].matrix.rows * figure->items[i].matrix.columns;
    return count;
}

void svg_box(struct out *out, struct pixel_box box, int at[2])
{
    const int x = box.left - at[0], y = box.top - at[1], width = box.right - box.left;
    out_format(out, y < 0 ? "m%d%dh%dv%dh%d" : "m%d %dh%dv%dh%d", x, y, width, box.bottom - box.top, -width);
    at[0] = box.left;
    at[1] = box.bottom;
}

/* ---- cells as shapes ---- */

static bool runs_add(struct color_runs *runs, struct color_run run, struct error *error)
{
    if (runs->count == runs->room) {
        const size_t room = runs->room ? 2 * runs->room : 256;
        if (!memory_resize(&runs->list, room, sizeof *runs->list, error))
            return false;
        runs->room = room;
    }
    runs->list[runs->count++] = run;
    return true;
}

/* The value that most cells have. */
static uint16_t most_frequent(const uint16_t *cells, size_t count)
{
    size_t counts[FIGURE_PALETTE] = {0};
    uint16_t most = 0;
    for (size_t i = 0; i < count; i++)
        counts[cells[i]]++;
    for (uint16_t v = 1; v < FIGURE_PALETTE; v++)
        if (counts[v] > counts[most])
            most = v;
    return most;
}

/* The runs of a matrix in the making. */
struct weaving {
    struct color_runs *runs;
    const struct figure_item *item;
    const struct figure *figure;
    struct pixel_edges edges;
    size_t *last; /* of each column: 1 + the number of the last run that begins there; 0: none. Owned */
    int ground;   /* the value of the cells that are not runs; -1: there is none */
};

/* Makes the last run that begins in that column longer, if the run of cells goes on below it; else adds the run. */
static bool weave(const struct weaving *weaving, size_t column, struct color_run run, struct error *error)
{
    struct color_runs *runs = weaving->runs;
    struct color_run *above = weaving->last[column] ? &runs->list[weaving->last[column] - 1] : NULL;
    if (run.box.left >= run.box.right || run.box.top >= run.box.bottom)
        return true;
    if (above && above->color == run.color && above->box.right == run.box.right &&
        above->box.bottom == run.box.top) {
        above->box.bottom = run.box.bottom;
        return true;
    }
    weaving->last[column] = runs->count + 1;
    return runs_add(runs, run, error);
}

static bool weave_row(const struct weaving *weaving, size_t row, struct error *error)
{
    const struct figure_item *item = weaving->item;
    const uint16_t *cells = weaving->figure->cells + item->matrix.cells + row * item->matrix.columns;
    const size_t columns = item->matrix.columns;
    const int gap = (int)round((double)item->matrix.gap);
    struct color_run run = {.layer = item->matrix.is_veil ? LAYER_VEIL : LAYER_CELLS};
    bool ok = true;
    run.box.top = weaving->edges.y[row];
    run.box.bottom = weaving->edges.y[row + 1] - (row + 1 < item->matrix.rows ? gap : 0);
    for (size_t j = 0, end; ok && j < columns; j = end) {
        for (end = j + 1; gap == 0 && end < columns && cells[end] == cells[j];)
            end++;
        run.box.left = weaving->edges.x[j];
        run.box.right = weaving->edges.x[end] - (end < columns ? gap : 0);
        run.cell = cells[j];
        run.color = item->colors + cells[j];
        ok = cells[j] == weaving->ground || weave(weaving, j, run, error);
    }
    return ok;
}

static bool runs_add_matrix(struct color_runs *runs, const struct figure_item *item,
                            const struct figure *figure, struct error *error)
{
    struct weaving weaving = {.runs = runs, .item = item, .figure = figure, .ground = -1};
    weaving.last = memory_zeroed(item->matrix.columns, sizeof *weaving.last, error);
    bool ok = weaving.last && pixel_edges_find(&weaving.edges, item, error);
    if (ok && !item->matrix.is_veil && item->matrix.gap <= 0) {
        weaving.ground =
            most_frequent(figure->cells + item->matrix.cells, item->matrix.rows * item->matrix.columns);
        ok = runs_add(runs,
                      (struct color_run){.layer = LAYER_GROUND,
                                         .color = item->colors + (size_t)weaving.ground,
                                         .box = pixel_box_of(item)},
                      error);
    }
    for (size_t i = 0; ok && i < item->matrix.rows; i++)
        ok = weave_row(&weaving, i, error);
    pixel_edges_free(&weaving.edges);
    free(weaving.last);
    return ok;
}

/* The place of a run's path among all. */
static size_t path_of(const struct color_run *run)
{
    return (size_t)run->layer * FIGURE_PALETTES * FIGURE_PALETTE + run->color;
}

/* Puts the runs into the order of their paths, those of a path as they were found. */
static bool runs_sort(struct color_runs *runs, struct error *error)
{
    size_t ends[LAYERS * FIGURE_PALETTES * FIGURE_PALETTE + 1] = {0};
    struct color_run *sorted = memory_alloc(runs->count, sizeof *sorted, error);
    if (!sorted)
        return false;
    for (size_t i = 0; i < runs->count; i++)
        ends[path_of(&runs->list[i]) + 1]++;
    for (size_t i = 1; i < sizeof ends / sizeof *ends; i++)
        ends[i] += ends[i - 1];
    for (size_t i = 0; i < runs->count; i++)
        sorted[ends[path_of(&runs->list[i])]++] = runs->list[i];
    free(runs->list);
    runs->list = sorted;
    return true;
}

/* A path for each layer and colour. */
static void write_runs(const struct color_runs *runs, const struct figure *figure, struct out *out)
{
    int at[2] = {0};
    out_text(out, "<g shape-rendering=\"crispEdges\">\n");
    for (size_t i = 0; i < runs->count; i++) {
        const struct color_run *run = &runs->list[i], *before = i > 0 ? run - 1 : NULL;
        if (!before || path_of(before) != path_of(run)) {
            out_text(out, before ? "\"/>\n<path fill=\"" : "<path fill=\"");
            svg_color(out, figure->palette[run->color]);
            if (run->layer == LAYER_VEIL)
                out_format(out, "\" fill-opacity=\".%03d", figure_veil_coverage(run->cell) * 1000 / 255);
            out_text(out, "\" d=\"");
            at[0] = at[1] = 0;
        }
        svg_box(out, run->box, at);
    }
    out_text(out, "\"/>\n</g>\n");
}

static bool write_shapes(const struct figure *figure, struct out *out, struct error *error)
{
    struct color_runs runs = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < figure->count; i++)
        if (figure->items[i].kind == FIGURE_MATRIX)
            ok = runs_add_matrix(&runs, &figure->items[i], figure, error);
    ok = ok && (runs.count == 0 || runs_sort(&runs, error));
    if (ok && runs.count > 0)
        write_runs(&runs, figure, out);
    free(runs.list);
    return ok;
}

/* ---- pixels ---- */

static bool is_pixels(enum figure_kind kind)
{
    return kind == FIGURE_MATRIX || kind == FIGURE_IMAGE;
}

/* Paints items as they are within the box, as a PNG of its size. They are moved there and back. */
static bool paint_part(struct paint_kit *kit, const struct figure *figure, struct figure_item *items,
                       size_t count, struct pixel_box box, struct out *png, struct error *error)
{
    struct figure part = *figure;
    part.width = (float)(box.right - box.left);
    part.height = (float)(box.bottom - box.top);
    part.dpi_scale = 0; /* nor does it say anything else of itself */
    part.is_named = false;
    part.items = items;
    part.count = count;
    for (size_t i = 0; i < count; i++) {
        items[i].x -= (float)box.left;
        items[i].y -= (float)box.top;
    }
    const bool ok = painter_png.paint(kit, &part, png, error) && out_finish(png, error);
    for (size_t i = 0; i < count; i++) {
        items[i].x += (float)box.left;
        items[i].y += (float)box.top;
    }
    return ok;
}

/* Items as an image, or as strips of it where it would be too long. */
static bool write_image(struct paint_kit *kit, const struct figure *figure, struct figure_item *items,
                        size_t count, struct pixel_box box, struct out *out, struct error *error)
{
    struct out png;
    out_begin(&png, -1, out->name);
    bool ok = paint_part(kit, figure, items, count, box, &png, error);
    const bool fits = svg_png_address_size(png.size) <= ADDRESS_MOST || box.bottom - box.top < 2;
    if (ok && fits) {
        out_format(
            out,
            "<image x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" preserveAspectRatio=\"none\" xlink:href=\"",
            box.left, box.top, box.right - box.left, box.bottom - box.top);
        svg_png_address(out, png.data, png.size);
        out_text(out, "\"/>\n");
    }
    const int strips = (int)(svg_png_address_size(png.size) / ADDRESS_MOST + 1);
    const int height = (box.bottom - box.top + strips - 1) / strips;
    out_free(&png);
    for (int top = box.top; ok && !fits && top < box.bottom; top += height) {
        struct pixel_box strip = box;
        strip.top = top;
        strip.bottom = top + height < box.bottom ? top + height : box.bottom;
        ok = write_image(kit, figure, items, count, strip, out, error);
        out_format(out, "%*s\n", BLANKS, "");
    }
    return ok;
}

/* The pixels that all items of pixels fill together. */
static struct pixel_box box_of_all(const struct figure *figure)
{
    struct pixel_box all = {INT_MAX, INT_MAX, 0, 0};
    for (size_t i = 0; i < figure->count; i++) {
        const struct pixel_box box = pixel_box_of(&figure->items[i]);
        if (!is_pixels(figure->items[i].kind))
            continue;
        all.left = box.left < all.left ? box.left : all.left;
        all.top = box.top < all.top ? box.top : all.top;
        all.right = box.right > all.right ? box.right : all.right;
        all.bottom = box.bottom > all.bottom ? box.bottom : all.bottom;
    }
    return all;
}

/* Matrices and images in one image. */
static bool write_pixels(struct paint_kit *kit, const struct figure *figure, struct out *out,
                         struct error *error)
{
    struct figure_item *items = memory_alloc(figure->count, sizeof *items, error);
    size_t count = 0;
    for (size_t i = 0; items && i < figure->count; i++)
        if (is_pixels(figure->items[i].kind))
            items[count++] = figure->items[i];
    const struct pixel_box box = box_of_all(figure);
    out_format(out,
               "<!-- %zu cells, more than %d: an image of %d times %d pixels, which a larger dpi-scale makes "
               "finer -->\n",
               svg_cells_count(figure), SVG_CELLS_MOST, box.right - box.left, box.bottom - box.top);
    const bool ok = items && write_image(kit, figure, items, count, box, out, error);
    free(items);
    return ok;
}

/* Whether two images show the same. */
static bool is_same_image(const struct figure_item *a, const struct figure_item *b)
{
    const struct pixel_box one = pixel_box_of(a), other = pixel_box_of(b);
    return a->image.pixels == b->image.pixels && a->image.is_pale == b->image.is_pale &&
           one.right - one.left == other.right - other.left &&
           one.bottom - one.top == other.bottom - other.top;
}

/* Images alone. Those that show the same as the one before them are that one, moved. */
static bool write_images(struct paint_kit *kit, const struct figure *figure, struct out *out,
                         struct error *error)
{
    const struct figure_item *first = NULL;
    size_t groups = 0;
    for (size_t i = 0; i < figure->count; i++) {
        struct figure_item item = figure->items[i];
        const struct pixel_box box = pixel_box_of(&item);
        if (item.kind != FIGURE_IMAGE || box.left == box.right || box.top == box.bottom)
            continue;
        if (first && is_same_image(first, &item)) {
            const struct pixel_box from = pixel_box_of(first);
            out_format(out, "<use xlink:href=\"#image%zu\" x=\"%d\" y=\"%d\"/>\n", groups,
                       box.left - from.left, box.top - from.top);
            continue;
        }
        out_format(out, "<g id=\"image%zu\">\n", ++groups);
        if (!write_image(kit, figure, &item, 1, box, out, error))
            return false;
        out_text(out, "</g>\n");
        first = &figure->items[i];
    }
    return true;
}

bool svg_cells(struct paint_kit *kit, const struct figure *figure, struct out *out, struct error *error)
{
    if (svg_cells_count(figure) > SVG_CELLS_MOST)
        return write_pixels(kit, figure, out, error);
    return write_images(kit, figure, out, error) && write_shapes(figure, out, error);
}
