/* The colour bars below a board, and the legend of the colours that are not on them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "figure/board_parts.h"
#include "figure/label.h"

#define BAR_THICK 14.0
#define BAR_SHORTEST 150.0
#define BAR_LONGEST 420.0
#define BAR_LEAST 72.0 /* the shortest where there is little room */
#define BARS_LEAST 18.0
#define BARS_APART 36.0
#define BAR_TICK 4.0
#define TICKS_APART 12.0 /* from the end of one number to the next */
#define NUMBERS_BELOW 9.0
#define LEGEND_APART 48.0 /* from the end of a name to the next, with a square */

/* As many ticks as have room side by side. */
static bool bar_ticks(struct board_plan *plan, struct board_scale *scale, double length)
{
    for (double apart = 36; apart < length; apart *= 1.2) {
        double width[SCALE_TICKS];
        bool meet = false;
        scale->tick_count = scale_ticks(&scale->scale, apart / length, scale->ticks);
        for (size_t i = 0; i < scale->tick_count; i++)
            if (!typeset_text(plan->font, scale->ticks[i].text, LAYOUT_SMALL_SIZE, NULL, NULL, &width[i],
                              plan->error))
                return false;
        for (size_t i = 0; i < scale->tick_count; i++)
            for (size_t j = 0; j < i; j++)
                meet = meet || fabs(scale->ticks[i].position - scale->ticks[j].position) * length <
                                   (width[i] + width[j]) / 2 + TICKS_APART;
        if (!meet)
            return true;
    }
    return true;
}

/* A bar with its name, which stands in its middle and may be wider: from its left end. */
struct bar_span {
    double from, whole, length;
};

/* Bars are in the middle below their panels. */
static bool bar_span_find(const struct board_plan *plan, size_t s, struct bar_span *span)
{
    const struct board *board = plan->board;
    double from = INFINITY, to = 0, name = 0;
    for (size_t c = 0; c < board->across; c++) {
        const struct board_place *place = &plan->places[c];
        if (board->columns[c].scale != s)
            continue;
        from = fmin(from, place->x);
        to = fmax(to, place->x + place->width);
    }
    if (board->measures[s] &&
        !typeset_text(plan->font, board->measures[s], LAYOUT_NAME_SIZE, NULL, NULL, &name, plan->error))
        return false;
    const double shortest = plan->room == ROOM_AMPLE ? BAR_SHORTEST : BAR_LEAST;
    span->length = floor(fmin(fmax(to - from, shortest), BAR_LONGEST));
    span->whole = fmax(span->length, name);
    span->from = (from + to - span->whole) / 2;
    return true;
}

bool board_bars_plan(struct board_plan *plan)
{
    const size_t count = plan->board->scale_count;
    const double apart = plan->room == ROOM_AMPLE ? BARS_APART : BARS_LEAST, least = LAYOUT_PAD + 8;
    struct bar_span spans[BOARD_SCALES];
    double end = plan->width - least;
    for (size_t s = 0; s < count; s++)
        if (!bar_span_find(plan, s, &spans[s]))
            return false;
    for (size_t s = count; s-- > 0; end = spans[s].from - apart)
        spans[s].from = fmin(spans[s].from, end - spans[s].whole);
    end = least - apart;
    for (size_t s = 0; s < count; s++) {
        struct board_scale *scale = &plan->scales[s];
        spans[s].from = fmax(spans[s].from, end + apart);
        end = spans[s].from + spans[s].whole;
        scale->from = floor(spans[s].from + (spans[s].whole - spans[s].length) / 2);
        scale->to = scale->from + spans[s].length;
        if (!bar_ticks(plan, scale, spans[s].length))
            return false;
    }
    plan->width = fmax(plan->width, end + least);
    if (plan->board->style.width == 0 || plan->width <= (double)plan->board->style.width)
        return true;
    return error_set(plan->error, ERROR_USAGE, "the colour bars of all panels have no room in %zu pixels",
                     plan->board->style.width);
}

/* The colours of the map from left to right, and round numbers beneath. */
static bool flat_ramp_draw(const struct board_plan *plan, const struct board_scale *scale,
                           struct figure *figure, double y)
{
    const double length = scale->to - scale->from;
    if (!frame_draw(figure, scale->from, y, length, BAR_THICK, plan->error))
        return false;
    uint16_t *cells =
        figure_matrix(figure, scale->from, y, length, BAR_THICK, 1, FIGURE_COLORS, 0, false, plan->error);
    for (uint16_t i = 0; cells && i < FIGURE_COLORS; i++)
        cells[i] = i;
    bool ok = cells;
    for (size_t i = 0; ok && i < scale->tick_count; i++) {
        const double at = scale->from + scale->ticks[i].position * length;
        ok = figure_rect(figure, fmin(floor(at), scale->to - 1), y + BAR_THICK + 1, 1, BAR_TICK, layout_line,
                         plan->error) &&
             figure_text(figure, at, y + BAR_THICK + NUMBERS_BELOW + LAYOUT_SMALL_SIZE * 0.8,
                         LAYOUT_SMALL_SIZE, ANCHOR_MIDDLE, TURN_NONE, layout_ink, scale->ticks[i].text,
                         plan->error);
    }
    return ok;
}

bool board_bar_draw(const struct board_plan *plan, size_t scale, struct figure *figure, double y,
                    double *bottom)
{
    const struct board_scale *of = &plan->scales[scale];
    const char *measure = plan->board->measures[scale] ? plan->board->measures[scale] : "";
    if (of->drawing->is_flag) {
        *bottom = fmax(*bottom, y + BAR_THICK);
        return bar_legend_line(figure, of->from, y, of->palette[FIGURE_COLORS - 1], measure, plan->error);
    }
    *bottom = fmax(*bottom, y + BAR_THICK + NUMBERS_BELOW + LAYOUT_SMALL_SIZE + 20);
    return flat_ramp_draw(plan, of, figure, y) &&
           figure_text(figure, (of->from + of->to) / 2,
                       y + BAR_THICK + NUMBERS_BELOW + LAYOUT_SMALL_SIZE + 6 + LAYOUT_NAME_SIZE * 0.76,
                       LAYOUT_NAME_SIZE, ANCHOR_MIDDLE, TURN_NONE, layout_ink, measure, plan->error);
}

const uint8_t *board_dropped(const struct board_plan *plan, size_t panel)
{
    const struct board *board = plan->board;
    const bool is_pooled = plan->row_factor > 1 || plan->places[panel % board->across].column_factor > 1;
    const struct drawing *drawing = board->panels[panel].drawing;
    return drawing && !is_pooled ? drawing->maps->dropped : NULL;
}

/* "masked", with how many pairs are where that is the same in all panels: "masked (28 of 64 pairs)". */
static void masked_name(const struct board_plan *plan, char name[LABEL_SIZE])
{
    const struct board *board = plan->board;
    const char *count = NULL;
    bool agree = true;
    for (size_t i = 0; i < board->rows * board->across; i++) {
        const struct drawing *drawing = board->panels[i].drawing;
        const char *other = drawing && drawing->maps->masked ? drawing->masked_count : NULL;
        agree = agree && (!count || !other || strcmp(count, other) == 0);
        count = count ? count : other;
    }
    if (count && agree)
        snprintf(name, LABEL_SIZE, "masked (%s)", count);
    else
        snprintf(name, LABEL_SIZE, "masked");
}

bool board_legend_draw(const struct board_plan *plan, struct figure *figure, double *bottom)
{
    enum { MASKED, DROPPED, NOT_A_NUMBER, NAMES };
    const struct color *colors[NAMES] = {NULL};
    char names[NAMES][LABEL_SIZE] = {"", "dropped", "NaN"};
    double x = LAYOUT_PAD, width;
    masked_name(plan, names[MASKED]);
    for (size_t s = 0; s < plan->board->scale_count; s++) {
        const struct board_scale *scale = &plan->scales[s];
        if (scale->extent.has_masked)
            colors[MASKED] = &scale->palette[FIGURE_MASKED];
        if (scale->extent.has_nan)
            colors[NOT_A_NUMBER] = &scale->palette[FIGURE_NAN];
    }
    for (size_t i = 0; i < plan->board->rows * plan->board->across; i++)
        if (board_dropped(plan, i))
            colors[DROPPED] = &plan->scales[0].palette[FIGURE_DROPPED];
    for (size_t c = 0; c < NAMES; c++) {
        if (!colors[c])
            continue;
        *bottom += x == LAYOUT_PAD ? 26 : 0;
        if (!bar_legend_line(figure, x, *bottom - 12, *colors[c], names[c], plan->error) ||
            !typeset_text(plan->font, names[c], LAYOUT_SMALL_SIZE, NULL, NULL, &width, plan->error))
            return false;
        x += LEGEND_APART + width;
    }
    return true;
}
