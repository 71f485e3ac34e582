#include "view/stats_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "view/drawing_paint.h"

/* Layers, or heads, that there are: each has a row, or a column, by its number. */
struct stats_axis {
    size_t *place; /* of each number up to the largest: its row, counted from 1; 0: it is not there. Owned */
    char (*names)[24];   /* of the rows; owned */
    const char **labels; /* pointers to these; owned */
    size_t count, first; /* rows, and the number of the first */
    bool is_whole;       /* the numbers are all those from the first on */
};

struct stats_drawing {
    struct stats_axis layers, heads;
    float *values;
    uint8_t *others; /* the cells of heads that are not in the list */
    char *title;
};

/* What the numbers of a measure are, where they are no shares. */
static const char *measure_name(const struct stats_head *list, enum stat stat)
{
    switch ((int)stat) {
    case STAT_ENTROPY:
        return "entropy (nats)";
    case STAT_EFFECTIVE_KEYS:
        return "effective_keys (keys)";
    case STAT_COVERAGE_90:
        return "coverage_90 (keys)";
    case STAT_OFFSET:
        return "offset (tokens)";
    case STAT_MEAN_DISTANCE:
        return list->in_patches ? "mean_distance (patches)" : "mean_distance (tokens)";
    default:
        return stat_names[stat];
    }
}

static bool is_share(enum stat stat)
{
    return stat != STAT_ENTROPY && stat != STAT_EFFECTIVE_KEYS && stat != STAT_COVERAGE_90 &&
           stat != STAT_OFFSET && stat != STAT_MEAN_DISTANCE && stat != STAT_SCORE_STD;
}

static size_t head_number(const struct stats_head *head, bool is_layer)
{
    return is_layer ? head->layer : head->head;
}

static bool stats_axis_make(struct stats_axis *axis, const struct stats_head *list, size_t count,
                            bool is_layer, struct error *error)
{
    size_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = head_number(&list[i], is_layer) > most ? head_number(&list[i], is_layer) : most;
    axis->place = memory_zeroed(most + 1, sizeof *axis->place, error);
    axis->names = axis->place ? memory_alloc(most + 1, sizeof *axis->names, error) : NULL;
    axis->labels = axis->names ? memory_alloc(most + 1, sizeof *axis->labels, error) : NULL;
    if (!axis->labels)
        return false;
    for (size_t i = 0; i < count; i++)
        axis->place[head_number(&list[i], is_layer)] = 1;
    for (size_t number = 0; number <= most; number++) {
        if (axis->place[number] == 0)
            continue;
        axis->first = axis->count == 0 ? number : axis->first;
        snprintf(axis->names[axis->count], sizeof *axis->names, "%zu", number);
        axis->labels[axis->count] = axis->names[axis->count];
        axis->place[number] = ++axis->count;
    }
    axis->is_whole = axis->first + axis->count == most + 1;
    return true;
}

static void stats_axis_free(struct stats_axis *axis)
{
    free(axis->place);
    free(axis->names);
    free(axis->labels);
}

static bool cells_make(struct stats_drawing *made, struct error *error)
{
    size_t cells;
    if (!size_multiply(made->layers.count, made->heads.count, &cells))
        return error_memory(error, SIZE_MAX);
    made->values = memory_zeroed(cells, sizeof *made->values, error);
    made->others = memory_alloc(cells, 1, error);
    if (made->others)
        memset(made->others, 1, cells);
    return made->values && made->others;
}

/* The cells; false where no head has the measure. */
static bool fill_values(struct stats_drawing *made, const struct stats_head *list, size_t count,
                        enum stat stat, struct drawing *drawing)
{
    float low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        const size_t row = made->layers.place[list[i].layer] - 1,
                     column = made->heads.place[list[i].head] - 1;
        const float value = (float)list[i].stats->value[stat];
        made->values[row * made->heads.count + column] = value;
        made->others[row * made->heads.count + column] = 0;
        low = fminf(low, value);
        high = fmaxf(high, value);
    }
    drawing->is_weight = is_share(stat) && low >= 0 && high <= 1;
    drawing->is_signed = low < 0;
    return low <= high;
}

static bool draw_list(struct out *out, struct stats_drawing *made, const struct stats_head *list,
                      size_t count, enum stat stat, const struct drawing_style *style,
                      const struct painter *painter, struct error *error)
{
    const struct stats_axis *layers = &made->layers, *heads = &made->heads;
    const char *title = list->title;
    if (!stats_axis_make(&made->layers, list, count, true, error) ||
        !stats_axis_make(&made->heads, list, count, false, error) || !cells_make(made, error))
        return false;
    char inputs[48] = "";
    if (list->set)
        snprintf(inputs, sizeof inputs, ", mean of %zu inputs", list->set->inputs);
    made->title =
        text_format("%s%s%s%s", title ? title : "", title && *title ? " · " : "", stat_names[stat], inputs);
    if (!made->title)
        return error_memory(error, 128);
    struct heatmap map = {.values = made->values, .masked = made->others};
    struct drawing drawing = {.title = made->title,
                              .maps = &map,
                              .map_count = 1,
                              .rows = layers->count,
                              .columns = heads->count,
                              .row_labels = layers->is_whole ? NULL : layers->labels,
                              .column_labels = heads->is_whole ? NULL : heads->labels,
                              .row_first = layers->first,
                              .column_first = heads->first,
                              .row_step = 1,
                              .column_step = 1,
                              .row_axis = "layer",
                              .column_axis = "head",
                              .measure = measure_name(list, stat),
                              .masked_name = "not chosen",
                              .style = *style};
    if (!fill_values(made, list, count, stat, &drawing))
        return error_set(error, ERROR_USAGE, "no head has %s: expected another measure to draw",
                         stat_names[stat]);
    return drawing_paint(out, &drawing, painter, error);
}

bool stats_picture(struct out *out, const struct stats_head *list, size_t count, enum stat stat,
                   const struct drawing_style *style, const struct painter *painter, struct error *error)
{
    struct stats_drawing made = {0};
    const bool ok = draw_list(out, &made, list, count, stat, style, painter, error);
    stats_axis_free(&made.layers);
    stats_axis_free(&made.heads);
    free(made.values);
    free(made.others);
    free(made.title);
    return ok;
}
