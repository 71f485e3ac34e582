#include "figure/board.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "figure/board_parts.h"
#include "figure/label.h"
#include "figure/layout.h"

#define HEADING_SIZE 16.0
#define HEADING_LINE 22.0
#define FOOTER_SIZE 11.0
#define FOOTER_LINE 16.0
#define ROWS_APART 18.0
#define BARS_BELOW 22.0

/* Whether a row begins farther to the right than the one above, so that the labels of its rows would meet those of the columns there. */
static bool board_row_recedes(const struct board *board, size_t row)
{
    const struct board_panel *panels = &board->panels[row * board->across];
    for (size_t c = 0; row > 0 && c < board->across && !panels[c].drawing; c++)
        if (board->panels[(row - 1) * board->across + c].drawing)
            return true;
    return false;
}

/* The upper edge of a row's panels, below its titles. */
static double board_row_top(const struct board_plan *plan, double top, size_t row)
{
    const double above = plan->title_room + plan->row_title_room;
    double labels = 0;
    for (size_t r = 0; r <= row; r++)
        labels += board_row_recedes(plan->board, r) ? plan->reach : 0;
    return top + (double)row * (board_row_height(plan) + above + ROWS_APART) + above + labels;
}

/* A text of one or two lines; *y moves below it. Without a figure it only does that. */
static bool board_text(const struct board_plan *plan, struct figure *figure, const char *text, double size,
                       double line, struct color color, double *y)
{
    char lines[2][LABEL_SIZE];
    if (!text || !text[0])
        return true;
    if (!label_wrap(lines[0], lines[1], text, plan->font, size, plan->width - 2 * LAYOUT_PAD, plan->error))
        return false;
    for (int i = 0; i < 2 && lines[i][0]; i++, *y += line)
        if (figure && !figure_text(figure, LAYOUT_PAD, *y + size * 0.85, size, ANCHOR_START, TURN_NONE, color,
                                   lines[i], plan->error))
            return false;
    return true;
}

/* The matrices of a scale and its bar, in its colours. */
static bool board_scale_draw(const struct board_plan *plan, size_t scale, struct figure *part, double top,
                             double bars, double *bottom)
{
    const struct board *board = plan->board;
    memcpy(part->palette, plan->scales[scale].palette, sizeof plan->scales[scale].palette);
    for (size_t i = 0; i < board->rows * board->across; i++) {
        const struct board_place *place = &plan->places[i % board->across];
        if (board->columns[i % board->across].scale != scale || !board->panels[i].drawing)
            continue;
        const struct panel panel = {.pooled = &plan->panels[i],
                                    .dropped = board_dropped(plan, i),
                                    .cell_width = place->cell,
                                    .cell_height = plan->cell,
                                    .scale = &plan->scales[scale].scale,
                                    .values = place->values};
        if (!panel_draw(&panel, part, place->x, board_row_top(plan, top, i / board->across), plan->font,
                        plan->error))
            return false;
    }
    return board_bar_draw(plan, scale, part, bars, bottom);
}

static bool board_scales_draw(const struct board_plan *plan, struct figure *figure, double top, double bars,
                              double *bottom)
{
    bool ok = true;
    for (size_t s = 0; ok && s < plan->board->scale_count; s++) {
        struct figure part = {0};
        ok = board_scale_draw(plan, s, &part, top, bars, bottom) &&
             figure_append(figure, &part, 0, 0, plan->error);
        figure_free(&part);
    }
    return ok;
}

static bool board_middle_text(const struct board_plan *plan, struct figure *figure, double x, double y,
                              double size, struct color color, const char *text)
{
    return !text || !text[0] ||
           figure_text(figure, x, y, size, ANCHOR_MIDDLE, TURN_NONE, color, text, plan->error);
}

/* The sign between a panel and that on its left, in the middle of the lower of both. */
static bool board_sign_draw(const struct board_plan *plan, struct figure *figure, size_t i, double y)
{
    const struct board_panel *panel = &plan->board->panels[i];
    const size_t column = i % plan->board->across;
    const struct board_place *place = &plan->places[column];
    if (column == 0)
        return true;
    const double x = place->x - place->left - place->signs / 2;
    const double middle = y + fmin(place->height, plan->places[column - 1].height) / 2;
    return board_middle_text(plan, figure, x, middle - 12, LAYOUT_NAME_SIZE, layout_ink, panel->above) &&
           board_middle_text(plan, figure, x, middle + LAYOUT_CAP * BOARD_SIGN_SIZE, BOARD_SIGN_SIZE,
                             layout_ink, panel->sign) &&
           board_middle_text(plan, figure, x, middle + 22, LAYOUT_NAME_SIZE, layout_ink, panel->below);
}

/* The place whose labels stand to the left of a panel: its own, or where nothing is drawn between both, that of the columns before it
 * which have the same; NULL: they stand there already. */
static const struct board_place *board_rows_of(const struct board_plan *plan, size_t i)
{
    size_t column = i % plan->board->across;
    for (; !plan->places[column].has_rows; column--)
        if (plan->board->panels[--i].drawing)
            return NULL;
    return &plan->places[column];
}

/* The labels of a panel, and the names of its axes; those of columns in the lowest row alone. */
static bool board_labels_draw(const struct board_plan *plan, struct figure *figure, size_t i, double y)
{
    const struct board_place *place = &plan->places[i % plan->board->across], *rows = board_rows_of(plan, i);
    const struct drawing *drawing = place->drawing;
    const bool is_lowest = i / plan->board->across + 1 == plan->board->rows ||
                           !plan->board->panels[i + plan->board->across].drawing;
    if (rows && !axis_draw_rows(&rows->rows, figure, place->x, y, plan->font, plan->error))
        return false;
    if (rows && drawing->row_axis && board_has_names(plan) &&
        !figure_text(figure, place->x - rows->rows.reach - 7, y + fmax(place->height, 40) / 2,
                     LAYOUT_SMALL_SIZE, ANCHOR_MIDDLE, TURN_UP, layout_pale, drawing->row_axis, plan->error))
        return false;
    const double below = y + place->height;
    return !is_lowest ||
           (axis_draw_columns(&place->columns, figure, place->x, below, plan->font, plan->error) &&
            board_middle_text(plan, figure, place->x + place->width / 2,
                              below + place->columns.reach + 4 + LAYOUT_SMALL_SIZE * 0.76, LAYOUT_SMALL_SIZE,
                              layout_pale, board_has_names(plan) ? drawing->column_axis : NULL));
}

static bool board_words_draw(const struct board_plan *plan, struct figure *figure, double top)
{
    const struct board *board = plan->board;
    for (size_t i = 0; i < board->rows * board->across; i++) {
        const struct board_panel *panel = &board->panels[i];
        const struct board_place *place = &plan->places[i % board->across];
        const double y = board_row_top(plan, top, i / board->across), x = place->x + place->width / 2;
        if (i % board->across == 0 && board->row_titles) {
            char shown[LABEL_SIZE];
            if (!label_show(shown, board->row_titles[i / board->across], false, plan->font, BOARD_TITLE_SIZE,
                            plan->width - 2 * LAYOUT_PAD, plan->error) ||
                !figure_text(figure, LAYOUT_PAD, y - plan->title_room - 9, BOARD_TITLE_SIZE, ANCHOR_START,
                             TURN_NONE, layout_ink, shown, plan->error))
                return false;
        }
        if (panel->drawing &&
            (!board_middle_text(plan, figure, x, y - plan->title_room + BOARD_TITLE_SIZE, BOARD_TITLE_SIZE,
                                layout_ink, panel->title) ||
             !board_middle_text(plan, figure, x, y - 9, LAYOUT_SMALL_SIZE, layout_pale,
                                board_has_subtitles(plan) ? panel->subtitle : NULL) ||
             !board_sign_draw(plan, figure, i, y) || !board_labels_draw(plan, figure, i, y)))
            return false;
    }
    return true;
}

/* Says how cells were pooled, if they were. */
static bool board_pooling_draw(const struct board_plan *plan, struct figure *figure, double *y)
{
    const char *how = plan->board->style.pool == POOL_MEAN ? "mean" : "maximum";
    char text[192] = "", features[96] = "";
    size_t narrow = 1;
    bool has_narrow = false;
    for (size_t c = 0; c < plan->board->across; c++) {
        const bool is_narrow = !plan->board->columns[c].is_square;
        has_narrow = has_narrow || is_narrow;
        narrow = is_narrow && plan->places[c].column_factor > narrow ? plan->places[c].column_factor : narrow;
    }
    if (has_narrow)
        snprintf(features, sizeof features, ", of features of %s%zu × %zu", narrow > 1 ? "up to " : "",
                 plan->row_factor, narrow);
    if (plan->row_factor > 1 || narrow > 1)
        snprintf(text, sizeof text, "each cell of pairs is the %s of %zu × %zu%s", how, plan->row_factor,
                 plan->row_factor, features);
    return board_text(plan, figure, text, FOOTER_SIZE, FOOTER_LINE, layout_pale, y);
}

static bool board_draw(const struct board_plan *plan, struct figure *figure)
{
    const struct board *board = plan->board;
    double heading = LAYOUT_PAD, top = LAYOUT_PAD;
    bool ok = board_text(plan, NULL, board->title, HEADING_SIZE, HEADING_LINE, layout_ink, &top);
    if (top > LAYOUT_PAD)
        top += 6;
    const double bars =
        board_row_top(plan, top, board->rows - 1) + board_row_height(plan) + plan->reach + BARS_BELOW;
    double bottom = bars;
    ok = ok && board_scales_draw(plan, figure, top, bars, &bottom) &&
         board_text(plan, figure, board->title, HEADING_SIZE, HEADING_LINE, layout_ink, &heading) &&
         board_words_draw(plan, figure, top) && board_legend_draw(plan, figure, &bottom);
    bottom += 12;
    ok = ok && board_pooling_draw(plan, figure, &bottom) &&
         board_text(plan, figure, board->footer, FOOTER_SIZE, FOOTER_LINE, layout_pale, &bottom);
    figure->width = (float)ceil(plan->width);
    figure->height = (float)ceil(bottom + LAYOUT_PAD - 8);
    return ok;
}

bool board_layout(struct figure *figure, const struct board *board, struct font *font, struct error *error)
{
    struct board_plan plan = {.board = board, .font = font, .error = error};
    const bool ok = board_plan_make(&plan) && board_draw(&plan, figure);
    board_plan_free(&plan);
    if (!ok)
        return false;
    figure_scale(figure, board->style.dpi_scale);
    return layout_name(figure, board->title, &board->style, error) && layout_check_size(figure, error);
}
