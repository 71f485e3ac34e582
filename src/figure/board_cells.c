/* The size of the cells of a board, from what labels, titles and signs take. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "figure/board_parts.h"
#include "figure/label.h"

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

struct axis board_axis(const struct board_plan *plan, const struct board_place *place, bool of_columns,
                       double cell)
{
    const struct drawing *drawing = place->drawing;
    const size_t factor = of_columns ? place->column_factor : plan->row_factor,
                 step = of_columns ? drawing->column_step : drawing->row_step;
    const char *const *labels = of_columns ? drawing->column_labels : drawing->row_labels;
    const enum label_angle angle =
        plan->board->style.label_angle; /* beneath a neighbour there may be its rows */
    size_t unit;
    if (!size_multiply(step > 0 ? step : 1, factor, &unit))
        unit = SIZE_MAX;
    return (struct axis){.labels = factor == 1 ? labels : NULL,
                         .count = pool_count(of_columns ? drawing->columns : drawing->rows, factor),
                         .first = of_columns ? drawing->column_first : drawing->row_first,
                         .unit = unit,
                         .cell = cell,
                         .angle = angle == LABEL_ANGLE_RISING ? LABEL_ANGLE_TURNED : angle,
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
    place->labels =
        ceil(axis.reach) + (place->drawing->row_axis && board_has_names(plan) ? BOARD_AXIS_NAME : 0);
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

/* ---- their size ---- */

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

double board_row_height(const struct board_plan *plan)
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

bool board_choose_cell(struct board_plan *plan)
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
