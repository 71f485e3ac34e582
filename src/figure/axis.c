/* Labels along the sides of a matrix: thinned, cut, turned so that none touches another. */
#include <math.h>
#include <stdio.h>

#include "figure/label.h"
#include "figure/layout_parts.h"

#define GAP 6.0      /* between matrix and label */
#define TICK 4.0     /* length of a tick */
#define LARGEST 12.0 /* sizes of text */
#define SMALLEST 8.0
#define THINNED 10.5      /* of labels if some are left out */
#define THINNED_LEAST 9.0 /* the same, if that saves more of them */
#define LINE 1.15         /* height of a line, in ems */
#define APART 0.4         /* between level labels, in ems */
#define LEVEL_LEAST 30.0  /* the width of cells for level labels that are cut */

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

/* The widest label that is drawn. */
static bool axis_widest(const struct axis *axis, struct font *font, double *widest, struct error *error)
{
    const char *text;
    char number[NUMBER_TEXT], shown[LABEL_SIZE];
    double middle;
    *widest = 0;
    for (size_t k = 0; axis_label(axis, k, &text, number, &middle); k++) {
        double width;
        if (!label_show(shown, text, true, font, axis->size, axis->limit, error) ||
            !typeset_text(font, shown, axis->size, NULL, NULL, &width, error))
            return false;
        *widest = fmax(*widest, width);
    }
    return true;
}

/* Size and step of labels that are a line high along the axis. */
static void plan_lines(struct axis *axis)
{
    axis->size = fmin(LARGEST, floor(2 * axis->cell / LINE) / 2);
    axis->every = axis->size < SMALLEST ? round_step(THINNED_LEAST * LINE / axis->cell) : 1;
    if (axis->every > 1)
        axis->size = fmin(THINNED, floor(2 * axis->cell * (double)axis->every / LINE) / 2);
    axis->has_ticks = axis->every > 1;
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
    if (!axis_widest(axis, font, &axis->reach, error))
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
    axis->is_upright = axis->angle == LABEL_ANGLE_TURNED || axis->every > 1;
    for (size_t i = 0; i < axis->count && !axis->is_upright; i++) {
        double width;
        if (!label_show(shown, axis->labels[i], true, font, axis->size, axis->limit, error) ||
            !typeset_text(font, shown, axis->size, NULL, NULL, &width, error))
            return false;
        axis->is_upright = width > level_room(axis);
    }
    return true;
}

bool axis_plan_columns(struct axis *axis, struct font *font, struct error *error)
{
    axis->is_upright = false;
    if (!axis->labels) {
        char number[NUMBER_TEXT];
        double width;
        snprintf(number, sizeof number, "%zu", axis->first + (axis->count - 1) * axis->unit);
        if (!typeset_text(font, number, LAYOUT_SMALL_SIZE, NULL, NULL, &width, error))
            return false;
        plan_numbers(axis, width + LAYOUT_SMALL_SIZE * 0.8);
    } else {
        plan_lines(axis);
        if (axis->angle == LABEL_ANGLE_LEVEL)
            plan_level(axis);
        else if (!choose_turn(axis, font, error))
            return false;
    }
    axis->reach = axis->size * LINE;
    if (axis->is_upright && !axis_widest(axis, font, &axis->reach, error))
        return false;
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
        if (!label_show(shown, text, true, font, axis->size, axis->limit, error))
            return false;
        if (axis->has_ticks &&
            !figure_rect(figure, x - 1 - TICK, floor(y + middle), TICK, 1, layout_line, error))
            return false;
        if (!figure_text(figure, edge, y + middle + LAYOUT_CAP * axis->size, axis->size, ANCHOR_END, false,
                         layout_ink, shown, error))
            return false;
    }
    return true;
}

bool axis_draw_columns(const struct axis *axis, struct figure *figure, double x, double y, struct font *font,
                       struct error *error)
{
    const char *text;
    char number[NUMBER_TEXT], shown[LABEL_SIZE];
    double side = axis->is_above ? -1 : 1;
    double middle, edge = y + side * (GAP + (axis->has_ticks ? 2 : 0)), end = -INFINITY;
    const double most =
        (double)axis->count * axis->cell + 5; /* beyond it are the labels of the next matrix */
    for (size_t k = 0; axis->size > 0 && axis_label(axis, k, &text, number, &middle); k++) {
        double width;
        if (!label_show(shown, text, true, font, axis->size, axis->limit, error) ||
            !typeset_text(font, shown, axis->size, NULL, NULL, &width, error))
            return false;
        if (axis->has_ticks && !figure_rect(figure, floor(x + middle), axis->is_above ? y - 1 - TICK : y + 1,
                                            1, TICK, layout_line, error))
            return false;
        const double place = fmin(middle, most - width / 2);
        bool done;
        if (axis->is_upright)
            done = figure_text(figure, x + middle + LAYOUT_CAP * axis->size, edge, axis->size,
                               axis->is_above ? ANCHOR_START : ANCHOR_END, true, layout_ink, shown, error);
        else /* the last stands a little to the left of its tick rather than not at all */
            done = place - width / 2 < end + axis->size * APART ||
                   figure_text(figure, x + place,
                               axis->is_above ? edge - axis->size * 0.15 : edge + axis->size * 0.8,
                               axis->size, ANCHOR_MIDDLE, false, layout_ink, shown, error);
        if (!done)
            return false;
        end = place + width / 2;
    }
    return true;
}
