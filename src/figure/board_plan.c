/* The division of a board: cells, labels, signs, colours, and the room of each. board.c fills it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "figure/board_parts.h"
#include "figure/label.h"
#include "figure/layout.h"

#define BOARD_WIDTH 1920.0  /* where nobody says: a slide */
#define BOARD_WIDER 2400.0  /* the same where panels would be tiny */
#define TINY 160.0          /* of square cells */
#define BOARD_HEIGHT 1600.0 /* of all panels */
#define NARROW_WIDEST 128.0 /* panels whose cells are no squares, unless those of squares are wider: */
#define NARROW_LEAST 48.0   /* the narrowest, if their cells can be wider than they are high */
#define NARROW_SHARE 0.8    /* then this share of them */
#define NARROW_ALONE 480.0  /* where there are no others */
#define PANEL_LEAST 80.0    /* nobody's width leaves panels less than this on average */
#define SIGN_GAP 20.0       /* beside both sides of a sign */
#define SIGN_LEAST 10.0
#define LABEL_LONGEST 110.0
#define LABEL_SHORTEST 24.0
#define LABELS_FROM 60.0 /* smaller panels have no labels, unless their cells are large */
#define LABEL_CELL 9.0
#define AXIS_NAME 20.0     /* room for the name of an axis */
#define VALUES_SIDE 8000.0 /* a figure does not grow beyond this for the numbers in its cells */

static bool board_text_width(struct board_plan *plan, const char *text, double size, double *widest)
{
    char shown[LABEL_SIZE];
    double width = 0;
    if (text && (!label_show(shown, text, false, plan->font, size, INFINITY, plan->error) ||
                 !typeset_text(plan->font, shown, size, NULL, NULL, &width, plan->error)))
        return false;
    *widest = fmax(*widest, width);
    return true;
}

/* Whether the labels of rows are others than those of the column before. */
static bool board_rows_differ(const struct board_plan *plan, size_t column)
{
    const struct drawing *now = plan->places[column].drawing, *before;
    if (column == 0 || plan->room == ROOM_LEAST)
        return column == 0;
    before = plan->places[column - 1].drawing;
    return now->rows != before->rows || now->row_labels != before->row_labels ||
           now->row_first != before->row_first || !now->row_axis != !before->row_axis ||
           (now->row_axis && strcmp(now->row_axis, before->row_axis) != 0);
}

static double board_label_limit(const struct board_plan *plan)
{
    const double width = (double)plan->board->style.width;
    return width > 0 ? fmin(fmax(width / 16, LABEL_SHORTEST), LABEL_LONGEST) : LABEL_LONGEST;
}

/* The axis of one side of a column's panels, to be planned. */
static struct axis board_axis(const struct board_plan *plan, const struct board_place *place, bool of_columns,
                              double cell)
{
    const struct drawing *drawing = place->drawing;
    const size_t factor = of_columns ? place->column_factor : plan->row_factor,
                 step = of_columns ? drawing->column_step : drawing->row_step;
    const char *const *labels = of_columns ? drawing->column_labels : drawing->row_labels;
    size_t unit;
    if (!size_multiply(step > 0 ? step : 1, factor, &unit))
        unit = SIZE_MAX;
    return (struct axis){.labels = factor == 1 ? labels : NULL,
                         .count = pool_count(of_columns ? drawing->columns : drawing->rows, factor),
                         .first = of_columns ? drawing->column_first : drawing->row_first,
                         .unit = unit,
                         .cell = cell,
                         .limit = board_label_limit(plan)};
}

/* What does not go with the size of the cells: the room for titles, signs and labels. */
static bool board_measure_place(struct board_plan *plan, size_t column)
{
    struct board_place *place = &plan->places[column];
    const struct board *board = plan->board;
    double sign = 0;
    for (size_t r = 0; r < board->rows; r++) {
        const struct board_panel *panel = &board->panels[r * board->across + column];
        if (!board_text_width(plan, panel->title, BOARD_TITLE_SIZE, &place->titles) ||
            (board_has_subtitles(plan) &&
             !board_text_width(plan, panel->subtitle, LAYOUT_SMALL_SIZE, &place->titles)) ||
            !board_text_width(plan, panel->above, LAYOUT_NAME_SIZE, &sign) ||
            !board_text_width(plan, panel->sign, BOARD_SIGN_SIZE, &sign) ||
            !board_text_width(plan, panel->below, LAYOUT_NAME_SIZE, &sign))
            return false;
        if (panel->title || panel->subtitle)
            plan->title_room = fmax(plan->title_room, panel->subtitle && board_has_subtitles(plan) ? 39 : 22);
    }
    place->signs = column == 0 ? 0 : fmax(sign, 4) + (plan->room == ROOM_AMPLE ? SIGN_GAP : SIGN_LEAST);
    place->has_rows = board_rows_differ(plan, column);
    if (!place->has_rows)
        return true;
    plan->row_factor = place->column_factor = 1;
    struct axis axis = board_axis(plan, place, false, SIZING_LARGEST);
    if (!axis_plan_rows(&axis, plan->font, plan->error))
        return false;
    place->labels = ceil(axis.reach) + (place->drawing->row_axis && board_has_names(plan) ? AXIS_NAME : 0);
    return true;
}

static bool board_measure(struct board_plan *plan)
{
    const struct board *board = plan->board;
    memset(plan->places, 0, sizeof plan->places);
    plan->title_room = 0;
    for (size_t c = 0; c < board->across; c++) {
        const struct board_panel *panel = &board->panels[c];
        while (!panel->drawing)
            panel += board->across;
        plan->places[c].drawing = panel->drawing;
        struct board_scale *scale = &plan->scales[board->columns[c].scale];
        if (!scale->drawing)
            scale->drawing = panel->drawing;
        if (!board_measure_place(plan, c))
            return false;
    }
    plan->row_title_room = board->row_titles ? 26 : 0;
    return true;
}

/* ---- the size of the cells ---- */

/* A panel whose cells are no squares: as large as others have them; or narrower, down to a pixel; or wider in what would
 * be a sliver. */
static void board_fit_narrow(const struct board_plan *plan, struct board_place *place, double widest)
{
    const double scale = plan->board->style.dpi_scale, columns = (double)place->drawing->columns;
    const bool is_fixed = plan->least > 0 || plan->board->style.cell > 0;
    const double room = is_fixed      ? INFINITY
                        : widest <= 0 ? NARROW_ALONE
                                      : fmax(floor(widest * NARROW_SHARE), NARROW_WIDEST);
    place->column_factor = 1;
    place->cell = plan->cell;
    if (!is_fixed && plan->cell * columns < NARROW_LEAST)
        place->cell = fmax(plan->cell, sizing_whole(fmin(NARROW_LEAST / columns, SIZING_LARGEST), scale));
    if (plan->cell * columns <= room)
        return;
    place->column_factor = (size_t)fmax(ceil(columns / floor(room * scale)), 1);
    place->cell =
        sizing_whole(room / (double)pool_count(place->drawing->columns, place->column_factor), scale);
    place->cell = fmin(place->cell, plan->cell);
}

/* Sets the panels for cells of that height; what they take in all. */
static void board_fit(struct board_plan *plan, double cell, size_t factor)
{
    const struct board *board = plan->board;
    double widest = 0;
    plan->cell = cell;
    plan->row_factor = factor;
    for (size_t c = 0; c < board->across; c++)
        if (board->columns[c].is_square)
            widest = fmax(widest, cell * (double)pool_count(plan->places[c].drawing->columns, factor));
    double x = LAYOUT_PAD;
    for (size_t c = 0; c < board->across; c++) {
        struct board_place *place = &plan->places[c];
        place->cell = cell;
        place->column_factor = factor;
        if (!board->columns[c].is_square)
            board_fit_narrow(plan, place, widest);
        place->width = place->cell * (double)pool_count(place->drawing->columns, place->column_factor);
        place->height = cell * (double)pool_count(place->drawing->rows, factor);
        place->right = fmax(0, ceil((place->titles - place->width) / 2));
        place->left = fmax(place->labels, place->right);
        place->x = x + place->signs + place->left;
        x = place->x + place->width + place->right;
    }
    plan->width = x + LAYOUT_PAD;
}

/* The height of the tallest panel. */
static double board_row_height(const struct board_plan *plan)
{
    double height = 0;
    for (size_t c = 0; c < plan->board->across; c++)
        height = fmax(height, plan->places[c].height);
    return height;
}

/* The cells of the largest panels that fit, pooled where they would be less than a pixel; false where none do. */
static bool board_fit_within(struct board_plan *plan, double width, double height, size_t most)
{
    const struct drawing_style *style = &plan->board->style;
    const double given = style->cell > 0 ? (double)style->cell : plan->least;
    for (size_t factor = 1;; factor += 1 + factor / 16) {
        for (double cell = given > 0 ? given : SIZING_LARGEST; cell >= 1; cell -= 1) {
            board_fit(plan,
                      given > 0 ? ceil(given * style->dpi_scale - 1e-6) / style->dpi_scale
                                : sizing_whole(cell, style->dpi_scale),
                      factor);
            if (plan->width <= width && board_row_height(plan) <= height)
                return true;
            if (given > 0)
                break;
        }
        if (factor >= most)
            return false;
    }
}

/* Whether the largest panel of square cells is so small that it says little, and could be larger. */
static bool board_is_tiny(const struct board_plan *plan)
{
    double widest = 0;
    bool any = false;
    for (size_t c = 0; c < plan->board->across; c++) {
        any = any || plan->board->columns[c].is_square;
        if (plan->board->columns[c].is_square)
            widest = fmax(widest, plan->places[c].width);
    }
    return any && widest < TINY && plan->cell < SIZING_LARGEST;
}

/* Leaves out as little as is needed for panels that are not tiny, or else for any. */
static bool board_fit_width(struct board_plan *plan, double height, size_t most)
{
    const double width = (double)plan->board->style.width;
    bool fits = false;
    for (plan->room = ROOM_AMPLE; plan->room < ROOM_COUNT; plan->room++) {
        if (!board_measure(plan))
            return false;
        fits = board_fit_within(plan, width, height, most);
        if (fits && (plan->room + 1 == ROOM_COUNT || !board_is_tiny(plan)))
            return true;
    }
    return error_set(plan->error, ERROR_USAGE,
                     "labels and signs leave no room for the matrices in %.0f pixels", width);
}

static bool board_choose_cell(struct board_plan *plan)
{
    const struct drawing_style *style = &plan->board->style;
    const bool is_fixed = style->cell > 0 || plan->least > 0;
    const double height = is_fixed ? INFINITY : BOARD_HEIGHT / (double)plan->board->rows;
    size_t most = 1;
    if (!board_measure(plan))
        return false;
    for (size_t c = 0; c < plan->board->across; c++) {
        const struct drawing *drawing = plan->places[c].drawing;
        most = drawing->rows > most ? drawing->rows : most;
        most = drawing->columns > most ? drawing->columns : most;
    }
    if (style->width > 0)
        return board_fit_width(plan, height, most);
    if (is_fixed)
        return board_fit_within(plan, INFINITY, INFINITY, most);
    board_fit(plan, 1, most); /* what labels and signs take, and a little for each matrix */
    const double least = plan->width + PANEL_LEAST * (double)plan->board->across;
    return board_fit_within(plan, fmax(BOARD_WIDTH, least), height, most) &&
           (!board_is_tiny(plan) || board_fit_within(plan, fmax(BOARD_WIDER, least), height, most));
}

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
        place->values.are_short = true;
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
        plan->reach =
            fmax(plan->reach, place->columns.reach +
                                  (place->drawing->column_axis && board_has_names(plan) ? AXIS_NAME : 0));
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
    if (board->style.has_vmin || board->style.has_vmax)
        return error_set(
            error, ERROR_USAGE,
            "a figure of several stages has a colour bar for each, and none of --vmin and --vmax");
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
