/* The cells of a figure as they are drawn, and their colours. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "figure/image.h"
#include "figure/layout_parts.h"
#include "figure/range.h"

#define DIM_CELLS 0.95 /* cells in the lowest twentieth of the scale: more than so many are said */
#define DIM_SUM 0.5    /* of all weight there */

/* Pools all maps. */
static bool pool_maps(struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    struct error *error = layout->error;
    struct pooled *shape = &layout->shape;
    shape->rows = pool_count(drawing->rows, layout->sizing.row_factor);
    shape->columns = pool_count(drawing->columns, layout->sizing.column_factor);
    size_t cells, all;
    if (!size_multiply(shape->rows, shape->columns, &cells) ||
        !size_multiply(cells, drawing->map_count, &all))
        return error_set(error, ERROR_USAGE,
                         "%zu matrices of %zu times %zu cells are too many for one picture",
                         drawing->map_count, shape->rows, shape->columns);
    bool masks = false;
    for (size_t i = 0; i < drawing->map_count; i++)
        masks = masks || drawing->maps[i].masked;
    shape->values = memory_alloc(all, sizeof *shape->values, error);
    shape->masked = masks && shape->values ? memory_zeroed(all, 1, error) : NULL;
    if (!shape->values || (masks && !shape->masked))
        return false;
    for (size_t i = 0; i < drawing->map_count; i++) {
        struct pooled panel = {shape->rows, shape->columns, shape->values + i * cells,
                               masks ? shape->masked + i * cells : NULL};
        pool_map(&panel, &drawing->maps[i], drawing->rows, drawing->columns, layout->sizing.row_factor,
                 layout->sizing.column_factor, drawing->style.pool, &layout->extent);
    }
    return true;
}

/* The cells as they are drawn. */
static struct cells cells_of(const struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    const size_t step = drawing->column_step > 0 ? drawing->column_step : 1;
    struct cells cells = {.shape = layout->shape, .count = drawing->map_count};
    if (!size_multiply(layout->sizing.column_factor, step, &cells.unit) ||
        !size_multiply(drawing->columns, step, &cells.keys))
        cells.unit = cells.keys = SIZE_MAX;
    return cells;
}

/* Weights, unless the user has chosen their range or a scale that shows small ones. */
static bool is_plain_weight(const struct drawing *drawing)
{
    const struct drawing_style *style = &drawing->style;
    return drawing->is_weight && !drawing->is_flag && !style->has_vmin && !style->has_vmax &&
           style->scale != COLOR_LOG;
}

/* The range of the colours. Of many keys, whose even weight would have the lowest of the 256 colours, the quantile is
 * the top if most of what they weigh would lie in the dark. */
static bool choose_scale(struct layout *layout)
{
    struct drawing drawing = *layout->drawing;
    const struct cells cells = cells_of(layout);
    if ((range_is_asked(&drawing) && !range_by_quantile(&cells, &drawing, layout->error)) ||
        !scale_choose(&layout->scale, &drawing, &layout->extent, layout->error))
        return false;
    layout->dim = 0;
    layout->is_automatic = false;
    if (!is_plain_weight(layout->drawing))
        return true;
    const struct dimness dimness = range_dimness(&cells, &layout->scale);
    if (dimness.cells > DIM_CELLS && dimness.sum > 0)
        layout->dim = dimness.cells;
    if (cells.keys < FIGURE_COLORS || dimness.sum <= DIM_SUM || drawing.style.scale != COLOR_LINEAR)
        return true;
    layout->dim = 0;
    layout->is_automatic = true;
    return range_by_quantile(&cells, &drawing, layout->error) &&
           scale_choose(&layout->scale, &drawing, &layout->extent, layout->error);
}

/* A second palette, for the bar and its legend: the colours of the first as cells over the image show them, over the
 * image's mean. */
static void colors_over_image(struct figure *figure, const struct image *image)
{
    const size_t pixels = image->width * image->height;
    double sums[3] = {0}, mean[3];
    for (size_t i = 0; i < pixels; i++) {
        uint8_t pixel[3];
        memcpy(pixel, image->pixels + 3 * i, sizeof pixel);
        figure_pale(pixel);
        for (int c = 0; c < 3; c++)
            sums[c] += pixel[c];
    }
    for (int c = 0; c < 3; c++)
        mean[c] = sums[c] / (double)pixels;
    for (uint16_t i = 0; i < FIGURE_PALETTE; i++) {
        const double cover = figure_veil_coverage(i) / 255.0;
        const struct color color = figure->palette[i];
        figure->palette[FIGURE_PALETTE + i] =
            (struct color){(uint8_t)lround(mean[0] + (color.r - mean[0]) * cover),
                           (uint8_t)lround(mean[1] + (color.g - mean[1]) * cover),
                           (uint8_t)lround(mean[2] + (color.b - mean[2]) * cover)};
    }
    figure->palette_count = 2;
}

bool layout_colors(struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    struct error *error = layout->error;
    if (!pool_maps(layout) || !choose_scale(layout))
        return false;
    struct colormap map;
    const char *name = drawing->style.cmap;
    if (!name)
        name = layout->scale.is_centered ? colormap_default(COLORMAP_DIVERGING)
               : drawing->image          ? COLORMAP_OVER_IMAGE
                                         : colormap_default(COLORMAP_SEQUENTIAL);
    if (!colormap_find(&map, name, error))
        return false;
    for (int i = 0; i < FIGURE_COLORS; i++) {
        double position = i / 255.0;
        layout->figure->palette[i] = colormap_at(
            &map, layout->scale.is_centered ? scale_centered(&layout->scale, position) : position);
    }
    layout->figure->palette[FIGURE_MASKED] = map.masked;
    layout->figure->palette[FIGURE_NAN] = map.nan;
    layout->figure->palette[FIGURE_DROPPED] = map.dropped;
    if (drawing->image)
        colors_over_image(layout->figure, drawing->image);
    return true;
}
