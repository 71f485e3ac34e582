/* Labels along the sides of a matrix: thinned, cut, turned so that none touches another. */
#include <math.h>
#include <stdio.h>

#include "figure/label.h"
#include "figure/layout_parts.h"
#include "figure/stack.h"

#define GAP 6.0      /* between matrix and label */
#define TICK 4.0     /* length of a tick */
#define LARGEST 12.0 /* sizes of text */
#define SMALLEST 8.0
#define THINNED 10.5             /* of labels if some are left out */
#define THINNED_LEAST 9.0        /* the same, if that saves more of them */
#define LINE 1.15                /* height of a line, in ems */
#define APART 0.4                /* between level labels, in ems */
#define LEVEL_LEAST 30.0         /* the width of cells for level labels that are cut */
#define RISE 0.70710678118654752 /* of a length along a label that rises by 45°, to the right and upward */
#define ASCENT 0.93              /* of the highest letters, in ems, and of the lowest */
#define DESCENT 0.25

/* The smallest of 1, 2, 5, 10, 20, … that is not below `need`. */
static size_t round_step(double need)
{
    static const int digits[] = {1, 2, 5};
    for (size_t decade = 1; decade <= SIZE_MAX / 100; decade *= 10)
        for (size_t i = 0; i < 3; i++)
            if ((double)(digits[i] * decade) >= need)
                return (size_t)digits[i] * decade;
    return SIZE_MAX;
}

/* Label `k` of the labels that are drawn: its text, and the middle of the cells that it names. False beyond
 * the last. Numbers are multiples of `every`; if the axis has none, the first token has its number. */
static bool axis_label(const struct axis *axis, size_t k, const char **text, char number[NUMBER_TEXT],
                       double *middle)
{
    if (axis->labels) {
        if (k > (axis->count - 1) / axis->every)
            return false;
        *text = axis->labels[k * axis->every];
        *middle = ((double)(k * axis->every) + 0.5) * axis->cell;
        return true;
    }
    size_t skip = axis->first % axis->every ? axis->every - axis->first % axis->every : 0;
    if (k > SIZE_MAX / 2 / axis->every)
        return false;
    if (skip / axis->unit >= axis->count)
        skip = 0;
    size_t offset = skip + k * axis->every;
    if (offset / axis->unit >= axis->count)
        return false;
    snprintf(number, NUMBER_TEXT, "%zu", axis->first + offset);
    *text = number;
    *middle = ((double)offset + 0.5) / (double)axis->unit * axis->cell;
    return true;
}

/* A label as it is drawn. It is cut at one size, whatever that of the axis, so that rows and columns cut the same token alike. */
static bool axis_show(char shown[LABEL_SIZE], const struct axis *axis, const char *text, struct font *font,
                      struct error *error)
{
    return label_show(shown, text, true, font, LARGEST, axis->limit / axis->size * LARGEST, error);
}

/* Whether a label of a turned axis is written downward, as `stacked`. */
static bool is_written_downward(const struct axis *axis, char stacked[LABEL_SIZE], const char *shown,
                                const struct font *font)
{
    return axis->turn == TURN_UP && axis->labels && !axis->is_above && stack_text(stacked, shown, font);
}

/* The room that a label takes along the direction in which it runs. */
static bool axis_length(const struct axis *axis, const char *shown, struct font *font, double *length,
                        struct error *error)
{
    char stacked[LABEL_SIZE], character[LABEL_SIZE];
    const char *rest = stacked;
    if (!is_written_downward(axis, stacked, shown, font))
        return typeset_text(font, shown, axis->size, NULL, NULL, length, error);
    for (*length = 0; stack_next(character, &rest);)
        *length += STACK_STEP * axis->size;
    return true;
}

/* The longest label that is drawn, and how far such as rise reach over the left edge. */
static bool axis_longest(struct axis *axis, struct font *font, double *longest, struct error *error)
{
    const char *text;
    char number[NUMBER_TEXT], shown[LABEL_SIZE];
    double middle, length;
    *longest = axis->overhang = 0;
    for (size_t k = 0; axis_label(axis, k, &text, number, &middle); k++) {
        if (!axis_show(shown, axis, text, font, error) || !axis_length(axis, shown, font, &length, error))
            return false;
        *longest = fmax(*longest, length);
        axis->overhang = fmax(axis->overhang, (length + (ASCENT - LAYOUT_CAP) * axis->size) * RISE - middle);
    }
    return true;
}

/* Size and step of labels that are a line high along the axis, or where they rise a line across them. */
static void plan_lines(struct axis *axis)
{
    const double line = axis->turn == TURN_RISING ? LINE / RISE : LINE;
    axis->size = fmin(LARGEST, floor(2 * axis->cell / line) / 2);
    axis->every = axis->size < SMALLEST ? round_step(THINNED_LEAST * line / axis->cell) : 1;
    if (axis->every > 1)
        axis->size = fmin(THINNED, floor(2 * axis->cell * (double)axis->every / line) / 2);
    axis->has_ticks = axis->every > 1;
    if (axis->cut > 0)
        axis->limit = fmin(axis->limit, axis->cut * axis->size);
}

double axis_cut(const struct axis *axis)
{
    struct axis trial = *axis;
    if (!axis->labels)
        return INFINITY;
    plan_lines(&trial);
    return axis->limit / trial.size;
}

static void plan_numbers(struct axis *axis, double length)
{
    axis->size = LAYOUT_SMALL_SIZE;
    axis->every = round_step(fmax(length / axis->cell, 1) * (double)axis->unit);
    axis->has_ticks = true;
}

bool axis_plan_rows(struct axis *axis, struct font *font, struct error *error)
{
    if (axis->labels)
        plan_lines(axis);
    else
        plan_numbers(axis, LAYOUT_SMALL_SIZE * (axis->cell >= LAYOUT_SMALL_SIZE * 1.4 ? 1.4 : 2.2));
    if (!axis_longest(axis, font, &axis->reach, error))
        return false;
    axis->reach += GAP + (axis->has_ticks ? 2 : 0);
    return true;
}

/* The width that each of the level labels of columns has, so that none comes near the next. */
static double level_room(const struct axis *axis)
{
    return axis->cell * (double)axis->every - fmax(4, axis->size * APART + 0.1);
}

/* Fewer labels where the cells are so narrow that nothing would be left of most; the others are cut. */
static void plan_level(struct axis *axis)
{
    if (axis->cell < LEVEL_LEAST) {
        axis->every = round_step(LEVEL_LEAST / axis->cell);
        axis->size = THINNED;
        axis->has_ticks = true;
    }
    axis->limit = fmin(axis->limit, level_room(axis));
}

/* Whether texts beneath columns are turned: as asked, or where one of them is wider than its cell. */
static bool choose_turn(struct axis *axis, struct font *font, struct error *error)
{
    char shown[LABEL_SIZE];
    bool is_turned = axis->angle == LABEL_ANGLE_TURNED || axis->every > 1;
    for (size_t i = 0; i < axis->count && !is_turned; i++) {
        double width;
        if (!axis_show(shown, axis, axis->labels[i], font, error) ||
            !typeset_text(font, shown, axis->size, NULL, NULL, &width, error))
            return false;
        is_turned = width > level_room(axis);
    }
    axis->turn = is_turned ? TURN_UP : TURN_NONE;
    return true;
}

bool axis_plan_columns(struct axis *axis, struct font *font, struct error *error)
{
    axis->turn = TURN_NONE;
    if (!axis->labels) {
        char number[NUMBER_TEXT];
        double width;
        snprintf(number, sizeof number, "%zu", axis->first + (axis->count - 1) * axis->unit);
        if (!typeset_text(font, number, LAYOUT_SMALL_SIZE, NULL, NULL, &width, error))
            return false;
        plan_numbers(axis, width + LAYOUT_SMALL_SIZE * 0.8);
    } else {
        axis->turn = axis->angle == LABEL_ANGLE_RISING ? TURN_RISING : TURN_NONE;
        plan_lines(axis);
        if (axis->angle == LABEL_ANGLE_LEVEL)
            plan_level(axis);
        else if (axis->angle != LABEL_ANGLE_RISING && !choose_turn(axis, font, error))
            return false;
    }
    axis->reach = axis->size * LINE;
    if (axis->turn != TURN_NONE && !axis_longest(axis, font, &axis->reach, error))
        return false;
    if (axis->turn == TURN_RISING)
        axis->reach = (axis->reach + (2 * LAYOUT_CAP + DESCENT) * axis->size) * RISE;
    else
        axis->overhang = 0;
    axis->reach += GAP + (axis->has_ticks ? 2 : 0);
    return true;
}

bool axis_draw_rows(const struct axis *axis, struct figure *figure, double x, double y, struct font *font,
                    struct error *error)
{
    const char *text;
    char number[NUMBER_TEXT], shown[LABEL_SIZE];
    double middle, edge = x - GAP - (axis->has_ticks ? 2 : 0);
    for (size_t k = 0; axis->size > 0 && axis_label(axis, k, &text, number, &middle); k++) {
        if (!axis_show(shown, axis, text, font, error))
            return false;
        if (axis->has_ticks &&
            !figure_rect(figure, x - 1 - TICK, floor(y + middle), TICK, 1, layout_line, error))
            return false;
        if (!figure_text(figure, edge, y + middle + LAYOUT_CAP * axis->size, axis->size, ANCHOR_END,
                         TURN_NONE, layout_ink, shown, error))
            return false;
    }
    return true;
}

/* A label that is turned, whose end at the matrix is at x, edge: over the middle of its column, or beneath it. */
static bool draw_turned(const struct axis *axis, struct figure *figure, double x, double edge,
                        const char *shown, struct font *font, struct error *error)
{
    char stacked[LABEL_SIZE];
    const double cap = LAYOUT_CAP * axis->size;
    if (axis->turn == TURN_RISING) /* its capitals touch the edge, and their middle the one of the column */
        return figure_text(figure, x + cap * RISE, edge + 2 * cap * RISE, axis->size, ANCHOR_END, TURN_RISING,
                           layout_ink, shown, error);
    if (is_written_downward(axis, stacked, shown, font))
        return figure_text(figure, x, edge, axis->size, ANCHOR_MIDDLE, TURN_STACKED, layout_ink, stacked,
                           error);
    return figure_text(figure, x + cap, edge, axis->size, axis->is_above ? ANCHOR_START : ANCHOR_END, TURN_UP,
                       layout_ink, shown, error);
}

/* The middle of a level label, from the left edge of the matrix, and half its width. */
struct level_label {
    double middle, half;
};

/* Level label `k` of columns; false beyond the last. The last stands a little to the left of its tick rather than over the labels
 * of the next matrix. */
static bool level_place(const struct axis *axis, size_t k, struct font *font, char shown[LABEL_SIZE],
                        struct level_label *label, struct error *error)
{
    const char *text;
    char number[NUMBER_TEXT];
    double middle, width;
    if (!axis_label(axis, k, &text, number, &middle) || !axis_show(shown, axis, text, font, error) ||
        !typeset_text(font, shown, axis->size, NULL, NULL, &width, error))
        return false;
    const double most = (double)axis->count * axis->cell + 5;
    *label = (struct level_label){fmin(middle, most - width / 2), width / 2};
    return true;
}

/* Whether level label `k` has its place: it does not where it would meet the one before it, which ends at `end`, nor where it would
 * meet the last one, which is never left out. */
static bool has_level_place(const struct axis *axis, size_t k, const struct level_label *label, double end,
                            struct font *font, struct error *error)
{
    char shown[LABEL_SIZE];
    struct level_label last, after;
    const double apart = axis->size * APART;
    if (!level_place(axis, k + 1, font, shown, &last, error))
        return error->kind == ERROR_NONE;
    if (label->middle - label->half < end + apart)
        return false;
    return level_place(axis, k + 2, font, shown, &after, error) ||
           last.middle - last.half >= label->middle + label->half + apart;
}

bool axis_draw_columns(const struct axis *axis, struct figure *figure, double x, double y, struct font *font,
                       struct error *error)
{
    const char *text;
    char number[NUMBER_TEXT], shown[LABEL_SIZE];
    const double side = axis->is_above ? -1 : 1, edge = y + side * (GAP + (axis->has_ticks ? 2 : 0));
    const double baseline = axis->is_above ? edge - axis->size * 0.15 : edge + axis->size * 0.8;
    struct level_label label;
    double middle, end = -INFINITY;
    for (size_t k = 0; axis->size > 0 && axis_label(axis, k, &text, number, &middle); k++) {
        if (axis->has_ticks && !figure_rect(figure, floor(x + middle), axis->is_above ? y - 1 - TICK : y + 1,
                                            1, TICK, layout_line, error))
            return false;
        if (axis->turn != TURN_NONE) {
            if (!axis_show(shown, axis, text, font, error) ||
                !draw_turned(axis, figure, x + middle, edge, shown, font, error))
                return false;
            continue;
        }
        if (!level_place(axis, k, font, shown, &label, error))
            return false;
        if (has_level_place(axis, k, &label, end, font, error)) {
            end = label.middle + label.half;
            if (!figure_text(figure, x + label.middle, baseline, axis->size, ANCHOR_MIDDLE, TURN_NONE,
                             layout_ink, shown, error))
                return false;
        }
        if (error->kind != ERROR_NONE)
            return false;
    }
    return true;
}
