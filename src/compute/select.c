/* Keeping a part of a result: some layers, heads, queries or keys, or the mean over heads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/mask.h"
#include "base/memory.h"
#include "compute/result.h"
#include "problem/problem_head.h"

static bool check_list(const size_t *list, size_t count, size_t limit, const char *what, struct error *error)
{
    for (size_t i = 0; list && i < count; i++)
        if (list[i] >= limit)
            return error_set(error, ERROR_USAGE, "there is no %s %zu: the input has %zu, counted from 0",
                             what, list[i], limit);
    return true;
}

static bool check_range(size_t first, size_t *end, size_t limit, const char *what, struct error *error)
{
    if (*end == 0)
        *end = limit;
    if (first < *end && *end <= limit)
        return true;
    return error_set(error, ERROR_USAGE, "%s %zu:%zu: expected a range within 0:%zu", what, first, *end,
                     limit);
}

bool selection_check(struct selection *selection, const struct problem *problem, struct error *error)
{
    return check_list(selection->layers, selection->layer_count, problem->layer_count, "layer", error) &&
           check_list(selection->heads, selection->head_count, problem->heads, "head", error) &&
           check_range(selection->query_first, &selection->query_end, problem->n, "--queries", error) &&
           check_range(selection->key_first, &selection->key_end, problem->m, "--keys", error);
}

/* Replaces the list of what is here by a copy of the chosen one. */
static bool choose(size_t **index, size_t *count, const size_t *list, size_t list_count, struct error *error)
{
    if (!list)
        return true;
    size_t *copy = memory_alloc(list_count, sizeof *copy, error);
    if (!copy)
        return false;
    memcpy(copy, list, list_count * sizeof *copy);
    free(*index);
    *index = copy;
    *count = list_count;
    return true;
}

/* Which head of a stage serves head h of the problem: grouped K/V heads serve several, output has one. */
static size_t stage_head(const struct stage_data *stage, const struct problem *problem, size_t h)
{
    return h / (problem->heads / stage->heads);
}

/* Without w_o the output has its columns head by head, so that chosen heads have chosen columns. */
static bool output_is_split(const struct problem *problem)
{
    for (size_t l = 0; l < problem->layer_count; l++)
        if (problem->layers[l].w_o || problem->layers[l].b_o)
            return false;
    return true;
}

/* Replaces the output, queries chosen already, by the columns of the chosen heads. */
static bool select_output_columns(const struct result *result, struct stage_data *stage, struct error *error)
{
    size_t d_v = result->problem->d_v, rows = result->layer_count * stage->rows,
           width = result->head_count * d_v;
    float *chosen = memory_alloc(rows * width, sizeof *chosen, error);
    if (!chosen)
        return false;
    for (size_t i = 0; i < rows; i++)
        for (size_t h = 0; h < result->head_count; h++)
            memcpy(chosen + i * width + h * d_v,
                   stage->data + i * stage->columns + result->head_index[h] * d_v, d_v * sizeof *chosen);
    free(stage->data);
    stage->data = chosen;
    stage->columns = width;
    return true;
}

/* Copies the chosen part of one stage. K/V heads that serve several chosen query heads come once for each. */
static bool select_stage(const struct result *result, const struct selection *s, enum stage which,
                         struct stage_data *out, struct error *error)
{
    const struct stage_data *in = &result->stage[which];
    /* What is held in part already is taken as it is. */
    bool part = (which == STAGE_WEIGHTS || which == STAGE_MASK) && result->kept != KEPT_ALL;
    size_t first = part ? 0 : stage_is_keys(which) ? s->key_first : s->query_first;
    size_t end = part ? in->rows : stage_is_keys(which) ? s->key_end : s->query_end;
    size_t left = in->is_pairs && !part ? s->key_first : 0;
    size_t columns = in->is_pairs && !part ? s->key_end - s->key_first : in->columns;
    bool one = which == STAGE_OUTPUT || (which == STAGE_ENCODING && in->heads == 1);
    size_t heads = one ? 1 : stage_is_keys(which) ? result_kv_heads(result) : result->head_count, count;
    if (!size_multiply(result->layer_count * heads, (end - first) * columns, &count))
        return error_memory(error, SIZE_MAX);
    *out = (struct stage_data){.data = memory_alloc(count, sizeof(float), error),
                               .heads = heads,
                               .rows = end - first,
                               .columns = columns,
                               .is_pairs = in->is_pairs};
    if (!out->data)
        return false;
    float *to = out->data;
    for (size_t l = 0; l < result->layer_count; l++) {
        for (size_t h = 0; h < heads; h++) {
            bool grouped = stage_is_keys(which) && !result->heads_chosen; /* counted by themselves */
            size_t from = one ? 0 : grouped ? h : stage_head(in, result->problem, result->head_index[h]);
            const float *matrix = stage_matrix(in, result->layer_index[l], from);
            for (size_t i = first; i < end; i++, to += columns)
                memcpy(to, matrix + i * in->columns + left, columns * sizeof *to);
        }
    }
    return true;
}

/* Replaces the heads of a stage by their mean. -infinity (masked) stays so only where it is in all. In the
 * mask it is what some head sees. */
static void average_stage(const struct result *result, struct stage_data *stage, bool is_mask)
{
    size_t matrix = stage->rows * stage->columns;
    for (size_t l = 0; l < result->layer_count; l++) {
        for (size_t c = 0; c < matrix; c++) {
            double sum = 0;
            size_t seen = 0;
            for (size_t h = 0; h < stage->heads; h++) {
                float value = stage->data[(l * stage->heads + h) * matrix + c];
                if (value != -INFINITY) {
                    sum += (double)value;
                    seen++;
                }
            }
            float mean = seen > 0 ? (float)(sum / (double)seen) : -INFINITY;
            stage->data[l * matrix + c] = is_mask ? sum > 0 : mean;
        }
    }
    stage->heads = 1;
}

/* What the mean over the heads of a layer is measured in. */
struct mean {
    struct head *heads;        /* those that are averaged */
    float *row;                /* m */
    size_t *keys;              /* m */
    unsigned char *seen;       /* m: by some head */
    struct row_measures *rows; /* n */
};

static bool mean_make(struct mean *mean, const struct result *result, struct error *error)
{
    size_t n = result->problem->n, m = result->problem->m;
    *mean = (struct mean){.heads = memory_alloc(result->head_count, sizeof *mean->heads, error),
                          .row = memory_alloc(m, sizeof *mean->row, error),
                          .keys = memory_alloc(m, sizeof *mean->keys, error),
                          .seen = memory_alloc(m, 1, error),
                          .rows = memory_alloc(n, sizeof *mean->rows, error)};
    return mean->heads && mean->row && mean->keys && mean->seen && mean->rows;
}

static void mean_free(struct mean *mean)
{
    free(mean->heads);
    free(mean->row);
    free(mean->keys);
    free(mean->seen);
    free(mean->rows);
}

/* Row i of the mean, by the keys that some head may look at and those that hold weight all the same. Returns
 * how many the former are. */
static size_t mean_row(struct mean *mean, const struct result *result, const struct stage_data *whole,
                       size_t layer, size_t i)
{
    const size_t m = result->problem->m, heads = result->head_count;
    size_t allowed = 0, count = 0;
    memset(mean->seen, 0, m);
    for (size_t h = 0; h < heads; h++) {
        size_t keys = mask_keys(&mean->heads[h], i, mean->keys);
        for (size_t s = 0; s < keys; s++)
            mean->seen[mean->keys[s]] = 1;
    }
    for (size_t j = 0; j < m; j++) {
        double sum = 0;
        for (size_t h = 0; h < heads; h++)
            sum += (double)stage_matrix(whole, layer, result->head_index[h])[i * m + j];
        mean->row[j] = (float)(sum / (double)heads);
        allowed += mean->seen[j];
        if (mean->seen[j] || mean->row[j] != 0)
            mean->keys[count++] = j;
    }
    const struct problem_layer *from = &result->problem->layers[layer];
    mean->rows[i] = measures_row(mean->row, mean->keys, count, (double)from->offset + (double)i,
                                 from->settings.recurrence == RECURRENCE_NONE);
    return allowed;
}

/* Measures of the mean over the heads, from its whole rows. */
static bool average_measures(struct result *result, const struct stage_data *whole, struct error *error)
{
    const struct problem *problem = result->problem;
    struct mean mean;
    bool ok = mean_make(&mean, result, error);
    for (size_t l = 0; ok && l < result->layer_count; l++) {
        size_t layer = result->layer_index[l], allowed = 0;
        for (size_t h = 0; h < result->head_count; h++)
            problem_head(problem, layer, result->head_index[h], &mean.heads[h]);
        for (size_t i = 0; i < problem->n; i++)
            allowed += mean_row(&mean, result, whole, layer, i);
        result->measures[l] = measures_head(mean.rows, problem->n);
        result->measures[l].allowed = allowed;
    }
    mean_free(&mean);
    return ok;
}

static bool select_measures(struct result *result, struct error *error)
{
    size_t all = result->problem->heads, count = result->layer_count * result->head_count;
    struct measures *chosen = memory_alloc(count, sizeof *chosen, error);
    if (!chosen)
        return false;
    for (size_t l = 0; l < result->layer_count; l++)
        for (size_t h = 0; h < result->head_count; h++)
            chosen[l * result->head_count + h] =
                result->measures[result->layer_index[l] * all + result->head_index[h]];
    free(result->measures);
    result->measures = chosen;
    return true;
}

bool result_select(struct result *result, const struct selection *s, struct error *error)
{
    const struct problem *problem = result->problem;
    bool part = s->layers || s->heads || s->query_end - s->query_first != problem->n ||
                s->key_end - s->key_first != problem->m;
    if (!part && !s->average_heads)
        return true;
    if (!choose(&result->layer_index, &result->layer_count, s->layers, s->layer_count, error) ||
        !choose(&result->head_index, &result->head_count, s->heads, s->head_count, error) ||
        !select_measures(result, error) ||
        (s->average_heads && !average_measures(result, &result->stage[STAGE_WEIGHTS], error)))
        return false;
    result->heads_chosen = s->heads || s->average_heads;
    for (enum stage which = 0; which < STAGE_COUNT; which++) {
        struct stage_data chosen = {0};
        if (!result->stage[which].data)
            continue;
        if (!select_stage(result, s, which, &chosen, error))
            return false;
        if (s->average_heads && which != STAGE_OUTPUT)
            average_stage(result, &chosen, which == STAGE_MASK);
        free(result->stage[which].data);
        result->stage[which] = chosen;
        if (which == STAGE_OUTPUT && s->heads && !s->average_heads && output_is_split(problem) &&
            !select_output_columns(result, &result->stage[which], error))
            return false;
    }
    result->query_first = s->query_first;
    result->query_count = s->query_end - s->query_first;
    result->key_first = s->key_first;
    result->key_count = s->key_end - s->key_first;
    result->selected = true;
    if (s->average_heads) {
        result->averaged = true;
        result->averaged_count = result->head_count;
        result->head_count = 1;
    }
    return true;
}

/* Clears the flags of the cells of row i that hold a pair that head allows. */
static void clear_seen(const struct result *result, const struct head *head, size_t i, unsigned char *flags)
{
    size_t first, end, step = result->key_step, last = result->key_first + result->key_count;
    mask_reach(head, i, &first, &end);
    first = first < result->key_first ? result->key_first : first;
    end = end > last ? last : end;
    if (first >= end)
        return;
    if (!head->rules.mask.data && !head->bias.data && !mask_has_pattern(head)) {
        first = (first - result->key_first) / step;
        end = (end - result->key_first + step - 1) / step;
        memset(flags + first, 0, end - first);
        return;
    }
    for (size_t j = first, to; j < end; j = to) {
        size_t cell = (j - result->key_first) / step;
        to = result->key_first + (cell + 1) * step < end ? result->key_first + (cell + 1) * step : end;
        if (flags[cell] == 0 || !mask_may_attend(head, i, i + 1, j, to))
            continue;
        for (; flags[cell] && j < to; j++)
            flags[cell] = !mask_allows(head, i, j);
    }
}

bool result_mask(const struct result *result, size_t l, size_t h, unsigned char *flags)
{
    const struct stage_data *weights = &result->stage[STAGE_WEIGHTS];
    size_t heads = result->averaged ? result->averaged_count : 1, cells = weights->rows * weights->columns;
    memset(flags, 1, cells);
    for (size_t a = 0; a < heads; a++) {
        struct head head;
        problem_head(result->problem, result->layer_index[l], result->head_index[h + a], &head);
        for (size_t i = 0; i < result->query_count; i++)
            clear_seen(result, &head, result->query_first + i,
                       flags + i / result->query_step * weights->columns);
    }
    return memchr(flags, 1, cells) != NULL;
}
