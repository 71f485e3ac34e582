#include "compute/explain_sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attention/recurrence.h"
#include "attention/reference.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/words.h"
#include "compute/score_spread.h"

/* ---- the range ---- */

enum sweep_steps { STEPS_RATIO, STEPS_EQUAL, STEPS_WHOLE };
enum { COUNT_DEFAULT = 9, COUNT_WHOLE = 33 };

const char sweep_words[] = "temperature scale window softcap top_k sink dropout";

/* In the order of the words. */
static const struct {
    enum setting setting;
    enum sweep_steps steps;
} sweep_kinds[] = {{SETTING_TEMPERATURE, STEPS_RATIO}, {SETTING_SCALE, STEPS_RATIO},
                   {SETTING_WINDOW, STEPS_WHOLE},      {SETTING_SOFTCAP, STEPS_RATIO},
                   {SETTING_TOP_K, STEPS_WHOLE},       {SETTING_SINK, STEPS_EQUAL},
                   {SETTING_DROPOUT, STEPS_EQUAL}};

/* Splits "A:B" or "A:B:N" into its numbers; *count is 0 where there is no N. */
static bool split_range(const char *text, double ends[2], int64_t *count)
{
    char part[3][64];
    size_t parts = 0;
    *count = 0;
    for (;; text++) {
        const size_t length = strcspn(text, ":");
        if (parts == 3 || length >= sizeof part[0])
            return false;
        memcpy(part[parts], text, length);
        part[parts++][length] = '\0';
        text += length;
        if (!*text)
            break;
    }
    return parts >= 2 && text_to_number(part[0], &ends[0]) && text_to_number(part[1], &ends[1]) &&
           isfinite(ends[0]) && isfinite(ends[1]) &&
           (parts == 2 || (text_to_integer(part[2], count) && *count >= 2 && *count <= SWEEP_MOST));
}

static double value_between(const double ends[2], enum sweep_steps steps, size_t i, size_t count)
{
    const double share = (double)i / (double)(count - 1);
    if (i == 0 || i == count - 1)
        return ends[i > 0];
    if (steps == STEPS_RATIO && ends[0] > 0 && ends[1] > 0)
        return ends[0] * pow(ends[1] / ends[0], share);
    const double value = ends[0] + (ends[1] - ends[0]) * share;
    return steps == STEPS_WHOLE ? round(value) : value;
}

static void fill_range(struct sweep_range *range, const double ends[2], enum sweep_steps steps, int64_t asked)
{
    const double whole = fabs(ends[1] - ends[0]) + 1;
    size_t count = asked > 0 ? (size_t)asked : COUNT_DEFAULT;
    if (steps == STEPS_WHOLE)
        count = asked > 0 && whole > (double)asked ? (size_t)asked
                : whole > COUNT_WHOLE              ? COUNT_WHOLE
                                                   : (size_t)whole;
    range->count = count;
    for (size_t i = 0; i < count; i++)
        range->values[i] = value_between(ends, steps, i, count);
}

bool sweep_parse(struct sweep_range *range, const char *text, struct error *error)
{
    const size_t length = strcspn(text, "=");
    char name[64];
    double ends[2];
    int64_t count;
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), text);
    for (char *at = name; *at; at++)
        *at = *at == '-' ? '_' : *at; /* as the option is called */
    const int kind = words_find(sweep_words, name);
    if (kind < 0)
        return words_error(sweep_words, "--sweep", name, NULL, ERROR_USAGE, error);
    const enum sweep_steps steps = sweep_kinds[kind].steps;
    if (!text[length] || !split_range(text + length + 1, ends, &count) || ends[0] == ends[1] ||
        (steps == STEPS_WHOLE && (ends[0] != floor(ends[0]) || ends[1] != floor(ends[1])))) {
        char shown[96];
        text_clean(shown, sizeof shown, text);
        return error_set(error, ERROR_USAGE,
                         "--sweep is \"%s\": expected %s=A:B, or A:B:N for N values, 2 to %d, from A to B, "
                         "which differ%s",
                         shown, name, SWEEP_MOST, steps == STEPS_WHOLE ? " and are whole" : "");
    }
    *range = (struct sweep_range){.setting = sweep_kinds[kind].setting};
    snprintf(range->name, sizeof range->name, "%.15s", name);
    fill_range(range, ends, steps, count);
    return true;
}

void sweep_value_text(const struct sweep_range *range, size_t i, char out[32])
{
    snprintf(out, 32, "%.17g", range->values[i]);
}

/* ---- the rows ---- */

/* Gives a head the value of a setting, as problem_head would. */
static void head_with(struct head *head, const struct explanation *e, enum setting setting, double value)
{
    const struct problem_layer *layer = explanation_layer(e);
    const double temperature = settings_have(&layer->settings, SETTING_TEMPERATURE)
                                   ? per_head_at(&layer->settings.temperature, e->head_number)
                                   : 1;
    switch (setting) {
    case SETTING_TEMPERATURE:
        head->scale = per_head_at(&layer->scale, e->head_number) / value;
        break;
    case SETTING_SCALE:
        head->scale = value / temperature;
        break;
    case SETTING_WINDOW:
        head->rules.left = head->rules.right = (int64_t)value;
        break;
    case SETTING_SOFTCAP:
        head->softcap = value;
        break;
    case SETTING_TOP_K:
        head->top_k = (size_t)value;
        break;
    case SETTING_SINK:
        head->has_sink = true;
        head->sink = value;
        break;
    default:
        head->dropout = value;
        break;
    }
}

static void sweep_measure(struct sweep_row *row, const double *weights, size_t m, bool is_distribution)
{
    *row = (struct sweep_row){.entropy = is_distribution ? weights_entropy(weights, m) : (double)NAN,
                              .largest = (double)NAN,
                              .key = SIZE_MAX};
    for (size_t j = 0; j < m; j++) {
        const double w = weights[j];
        if (row->key == SIZE_MAX ? !isnan(w) : w > row->largest) {
            row->largest = w;
            row->key = j;
        }
    }
}

struct weights_copy {
    double *row;
    size_t m;
};

static void copy_weights(void *context, size_t i, const double *weights)
{
    const struct weights_copy *to = context;
    (void)i; /* there is one row */
    memcpy(to->row, weights, to->m * sizeof *weights);
}

/* The weights of a query, into room->row. Those of a recurrence come of its states. */
static bool head_weights(const struct head *head, size_t query, struct reference_room *room,
                         struct error *error)
{
    if (head->recurrent.rule == RECURRENCE_NONE) {
        reference_row(head, query, STAGE_WEIGHTS, room);
        return true;
    }
    const struct head part = head_part(head, query, 1);
    return recurrence_run(&part, NULL, 0, copy_weights, &(struct weights_copy){room->row, head->m}, error);
}

/* Row `i` of the sweep. */
static bool sweep_row_make(struct sweep *sweep, size_t i, struct reference_room *room, struct error *error)
{
    const struct explanation *e = sweep->of;
    const size_t m = sweep->keys;
    struct head head = *e->head, minus;
    head_with(&head, e, sweep->range->setting, sweep->range->values[i]);
    if (head.minus) {
        minus = *head.minus;
        if (sweep->range->setting != SETTING_DROPOUT)
            head_with(&minus, e, sweep->range->setting, sweep->range->values[i]);
        head.minus = &minus;
    }
    reference_row(&head, e->query, STAGE_MASKED, room);
    memset(sweep->masked + i * m, 1, m);
    for (size_t s = 0; s < room->key_count; s++)
        sweep->masked[i * m + room->keys[s]] = 0;
    if (!head_weights(&head, e->query, room, error))
        return false;
    for (size_t j = 0; j < m; j++)
        sweep->weights[i * m + j] = (float)room->row[j];
    sweep_measure(&sweep->rows[i], room->row, m, head_is_distribution(&head));
    return true;
}

bool sweep_make(struct sweep *sweep, const struct explanation *e, const struct sweep_range *range,
                struct error *error)
{
    const size_t m = e->head->m;
    size_t cells;
    *sweep = (struct sweep){.of = e, .range = range, .keys = m};
    if (range->setting == SETTING_WINDOW && explanation_layer(e)->pairs.data)
        return error_set(error, ERROR_USAGE,
                         "--sweep window: the window is part of a mask of pairs here, and cannot be varied");
    if (!size_multiply(range->count, m, &cells))
        return error_memory(error, SIZE_MAX);
    struct reference_room room = {.row = memory_alloc(m, sizeof *room.row, error),
                                  .keys = memory_alloc(m, sizeof *room.keys, error),
                                  .sorted = memory_alloc(m, sizeof *room.sorted, error),
                                  .second = memory_alloc(m, sizeof *room.second, error)};
    sweep->weights = memory_alloc(cells, sizeof *sweep->weights, error);
    sweep->masked = memory_alloc(cells, sizeof *sweep->masked, error);
    sweep->rows = memory_alloc(range->count, sizeof *sweep->rows, error);
    bool ok =
        room.row && room.keys && room.sorted && room.second && sweep->weights && sweep->masked && sweep->rows;
    for (size_t i = 0; ok && i < range->count; i++)
        ok = sweep_row_make(sweep, i, &room, error);
    free(room.row);
    free(room.keys);
    free(room.sorted);
    free(room.second);
    return ok;
}

void sweep_free(struct sweep *sweep)
{
    free(sweep->weights);
    free(sweep->masked);
    free(sweep->rows);
    *sweep = (struct sweep){0};
}
