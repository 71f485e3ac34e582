/* The division of a board: cells (board_cells.c), numbers, colours and labels. board.c fills it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "figure/board_parts.h"
#include "figure/layout.h"

#define LABELS_FROM 60.0 /* smaller panels have no labels, unless their cells are large */
#define LABEL_CELL 9.0
#define VALUES_SIDE 8000.0 /* a figure does not grow beyond this for the numbers in its cells */

/* ---- numbers and colours ---- */

static void board_pool_free(struct board_plan *plan)
{
    for (size_t i = 0; plan->panels && i < plan->board->rows * plan->board->across; i++) {
        free(plan->panels[i].values);
        free(plan->panels[i].masked);
    }
    free(plan->panels);
    plan->panels = NULL;
}

static bool board_pool_panel(struct board_plan *plan, size_t i)
{
    const struct board *board = plan->board;
    const struct drawing *drawing = board->panels[i].drawing;
    const struct board_place *place = &plan->places[i % board->across];
    struct board_scale *scale = &plan->scales[board->columns[i % board->across].scale];
    struct pooled *panel = &plan->panels[i];
    size_t cells;
    panel->rows = pool_count(drawing->rows, plan->row_factor);
    panel->columns = pool_count(drawing->columns, place->column_factor);
    if (!size_multiply(panel->rows, panel->columns, &cells))
        return error_memory(plan->error, SIZE_MAX);
    panel->values = memory_alloc(cells, sizeof *panel->values, plan->error);
    panel->masked = drawing->maps->masked && panel->values ? memory_zeroed(cells, 1, plan->error) : NULL;
    if (!panel->values || (drawing->maps->masked && !panel->masked))
        return false;
    pool_map(panel, drawing->maps, drawing->rows, drawing->columns, plan->row_factor, place->column_factor,
             drawing->style.pool, &scale->extent);
    for (size_t k = 0; scale->extent.is_whole && k < cells; k++)
        scale->extent.is_whole = (panel->masked && panel->masked[k]) || isnan(panel->values[k]) ||
                                 panel->values[k] == floorf(panel->values[k]);
    return true;
}

/* Whether a colour would be taken for one of the map. */
static bool map_comes_near(const struct colormap *map, struct color color)
{
    enum { NEAR = 24 };
    bool near = false;
    for (int i = 0; i < FIGURE_COLORS; i++) {
        const struct color *c = &map->colors[i];
        near =
            near || (abs(c->r - color.r) < NEAR && abs(c->g - color.g) < NEAR && abs(c->b - color.b) < NEAR);
    }
    return near;
}

/* The map of a scale: a diverging one that was asked for is for numbers with a sign, and any other for those without. One
 * that has the colour of masked cells beside numbers with a sign, as gray does, is for all. */
static bool board_find_map(const struct board_plan *plan, bool is_centered, struct colormap *map)
{
    const enum colormap_kind kind = is_centered ? COLORMAP_DIVERGING : COLORMAP_SEQUENTIAL;
    const char *name = plan->board->style.cmap;
    struct colormap wanted;
    if (!colormap_find(map, colormap_default(kind), plan->error) ||
        (name && !colormap_find(&wanted, name, plan->error)))
        return false;
    if (name &&
        (wanted.kind == kind || (wanted.kind == COLORMAP_SEQUENTIAL && map_comes_near(&wanted, map->masked))))
        *map = wanted;
    return true;
}

/* The colours of a scale. Its range has the same length on both sides of 0 where it has a sign. */
static bool board_choose_colors(struct board_plan *plan, struct board_scale *scale)
{
    struct colormap map;
    struct drawing drawing = *scale->drawing;
    drawing.style = plan->board->style;
    if (!scale_choose(&scale->scale, &drawing, &scale->extent, plan->error))
        return false;
    if (!board_find_map(plan, scale->scale.is_centered, &map))
        return false;
    for (int i = 0; i < FIGURE_COLORS; i++)
        scale->palette[i] = colormap_at(&map, i / 255.0);
    scale->palette[FIGURE_MASKED] = map.masked;
    scale->palette[FIGURE_NAN] = map.nan;
    return true;
}

/* Masked cells look alike in all panels: as beside the colours of numbers with a sign, whose middle is nearly grey. */
static void board_join_masked(struct board_plan *plan)
{
    size_t of = 0;
    for (size_t s = plan->board->scale_count; s-- > 0;)
        if (plan->scales[s].scale.is_centered)
            of = s;
    for (size_t s = 0; s < plan->board->scale_count; s++)
        plan->scales[s].palette[FIGURE_MASKED] = plan->scales[of].palette[FIGURE_MASKED];
}

static bool board_colors(struct board_plan *plan)
{
    const struct board *board = plan->board;
    board_pool_free(plan);
    for (size_t s = 0; s < board->scale_count; s++)
        plan->scales[s].extent = (struct extent){.is_whole = true};
    plan->panels = memory_zeroed(board->rows * board->across, sizeof *plan->panels, plan->error);
    if (!plan->panels)
        return false;
    for (size_t i = 0; i < board->rows * board->across; i++)
        if (board->panels[i].drawing && !board_pool_panel(plan, i))
            return false;
    for (size_t s = 0; s < board->scale_count; s++)
        if (!board_choose_colors(plan, &plan->scales[s]))
            return false;
    board_join_masked(plan);
    return true;
}

/* The numbers in the cells; *least: the cells that they need, where they were asked for and do not fit. */
static bool board_values(struct board_plan *plan, double *least)
{
    const struct board *board = plan->board;
    *least = 0;
    for (size_t c = 0; c < board->across; c++) {
        struct board_place *place = &plan->places[c];
        const struct extent *extent = &plan->scales[board->columns[c].scale].extent;
        place->values = values_plan(place->drawing, extent, place->cell, plan->cell, plan->font, plan->error);
        if (place->drawing->style.annotate == ANNOTATE_ON && place->values.size <= 0)
            *least = fmax(*least, values_cell(place->drawing, extent, plan->font, plan->error));
    }
    return plan->error->kind == ERROR_NONE;
}

/* Cells that are large enough for their numbers, where these were asked for and nothing else says the size. */
static bool board_grow(struct board_plan *plan)
{
    const struct drawing_style *style = &plan->board->style;
    double least, wide = 0;
    if (!board_values(plan, &least))
        return false;
    for (size_t c = 0; c < plan->board->across; c++)
        wide += least * (double)plan->places[c].drawing->columns;
    for (size_t c = 0; c < plan->board->across; c++)
        wide = fmax(wide, least * (double)plan->places[c].drawing->rows * (double)plan->board->rows);
    if (least <= 0 || style->width > 0 || style->cell > 0 || wide > VALUES_SIDE)
        return true;
    plan->least = fmax(least, plan->cell);
    return board_choose_cell(plan) && board_colors(plan) && board_values(plan, &least);
}

/* ---- places ---- */

static bool board_labels(struct board_plan *plan)
{
    for (size_t c = 0; c < plan->board->across; c++) {
        struct board_place *place = &plan->places[c];
        place->rows = board_axis(plan, place, false, plan->cell);
        place->columns = board_axis(plan, place, true, place->cell);
        if (place->has_rows && (place->height >= LABELS_FROM || plan->cell >= LABEL_CELL) &&
            !axis_plan_rows(&place->rows, plan->font, plan->error))
            return false;
        if ((place->width >= LABELS_FROM || place->cell >= LABEL_CELL) &&
            !axis_plan_columns(&place->columns, plan->font, plan->error))
            return false;
        plan->reach = fmax(plan->reach,
                           place->columns.reach +
                               (place->drawing->column_axis && board_has_names(plan) ? BOARD_AXIS_NAME : 0));
    }
    return true;
}

static bool board_check(const struct board *board, struct error *error)
{
    for (size_t i = 0; i < board->rows * board->across; i++) {
        const struct drawing *drawing = board->panels[i].drawing;
        if (drawing && (drawing->rows == 0 || drawing->columns == 0))
            return error_set(error, ERROR_USAGE, "there is nothing to draw: a matrix of %zu times %zu",
                             drawing->rows, drawing->columns);
    }
    if (board->scale_count > 1 && (board->style.has_vmin || board->style.has_vmax))
        return error_set(
            error, ERROR_USAGE,
            "a figure of several stages has a colour bar for each, and none of --vmin and --vmax");
    if (board->style.page[0] > 0 || board->style.columns > 0 || board->style.has_lines)
        return error_set(error, ERROR_USAGE,
                         "a figure of several stages has its rows and columns, and none of --size, --columns "
                         "and --view lines");
    return layout_check_style(&board->style, error);
}

bool board_plan_make(struct board_plan *plan)
{
    return board_check(plan->board, plan->error) && board_choose_cell(plan) && board_colors(plan) &&
           board_grow(plan) && board_labels(plan) && board_bars_plan(plan);
}

void board_plan_free(struct board_plan *plan)
{
    board_pool_free(plan);
}
