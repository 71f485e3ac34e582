#include "compute/head_stats.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "attention/heaviest.h"
#include "attention/mask.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/workers.h"
#include "compute/patch_grid.h"
#include "engine/engine.h"
#include "engine/weights.h"
#include "problem/problem_head.h"

const char *const stat_names[STAT_COUNT + 1] = {
    [STAT_ENTROPY] = "entropy",
    [STAT_ENTROPY_NORMALIZED] = "entropy_normalized",
    [STAT_EFFECTIVE_KEYS] = "effective_keys",
    [STAT_MEAN_DISTANCE] = "mean_distance",
    [STAT_CONFIDENCE] = "confidence",
    [STAT_MAX_WEIGHT] = "max_weight",
    [STAT_FIRST_TOKEN] = "first_token",
    [STAT_SELF] = "self",
    [STAT_PREVIOUS_TOKEN] = "previous_token",
    [STAT_NEXT_TOKEN] = "next_token",
    [STAT_DUPLICATE_TOKEN] = "duplicate_token",
    [STAT_INDUCTION] = "induction",
    [STAT_OFFSET] = "offset",
    [STAT_OFFSET_SHARE] = "offset_share",
    [STAT_COVERAGE_90] = "coverage_90",
    [STAT_SINK] = "sink",
};

enum stat stat_named(const char *name)
{
    enum stat stat = 0;
    while (stat < STAT_COUNT && strcmp(stat_names[stat], name) != 0)
        stat++;
    return stat;
}

/* ---- sums ---- */

__extension__ typedef __int128 wide;

/* Numbers in steps of 2⁻⁴⁰. */
struct exact_sum {
    wide sum;
    size_t rows;
};

static const double sum_steps = 0x1p40, column_steps = 0x1p32;

/* Shares of a whole are far below it. */
enum { LARGEST = 1024 };

static void sum_add(struct exact_sum *sum, double value)
{
    sum->sum += (wide)(value * sum_steps);
    sum->rows++;
}

static double sum_mean(const struct exact_sum *sum)
{
    return sum->rows > 0 ? (double)sum->sum / sum_steps / (double)sum->rows : (double)NAN;
}

/* The measures that are means over rows: those up to induction, but for max_weight. */
enum { STAT_MEANS = STAT_INDUCTION + 1 };

/* What a worker has seen of a head. */
struct stats_sums {
    struct exact_sum mean[STAT_MEANS];
    float largest; /* and the first pair that has it; query SIZE_MAX: there is none */
    size_t query, key;
    size_t rows, blind_rows, nan_rows;
    size_t chosen; /* rows of two keys and more */
};

/* What all workers have seen of the keys of a head, and how often a row was one thing or the other. */
struct stats_columns {
    _Atomic int64_t *weight; /* m: sums in steps of 2⁻³² */
    _Atomic int64_t
        *begins; /* m + 1: how many ranges of keys that a row may see begin here, less those that end */
    _Atomic uint32_t
        *offset; /* n + m - 1: rows whose largest weight lies so far from them, from -(n - 1) on */
    _Atomic uint32_t *needed; /* m + 1: rows of which so many keys make 0.9 */
    atomic_bool is_too_large; /* a weight that the sums of keys do not hold */
};

/* ---- one row ---- */

/* A row that is being measured. */
struct stats_row {
    const struct stats *stats;
    const struct head *head;
    struct stats_sums *sums;
    struct stats_columns *columns;
    const float *weights;
    int64_t *numbers;
    size_t i, count;  /* keys that it may see */
    size_t from, end; /* the range that they lie in */
    bool is_range;    /* they are all of it */
    int64_t position;
};

static bool row_has(const struct stats_row *row, int64_t key)
{
    if (key < (int64_t)row->from || key >= (int64_t)row->end)
        return false;
    return row->is_range || row->weights[key] != 0 || mask_allows(row->head, row->i, (size_t)key);
}

/* Counts the keys that a row may see; weight on a masked one, of weights that were given, counts as seen. */
static void row_reach(struct stats_row *row, size_t m)
{
    const struct head *head = row->head;
    row->end = m;
    row->is_range = !mask_has_pattern(head) && !head->rules.mask.data && !head->bias.data;
    if (row->is_range)
        mask_reach(head, row->i, &row->from, &row->end);
    if (row->is_range &&
        (weights_any(row->weights, row->from) || weights_any(row->weights + row->end, m - row->end))) {
        row->is_range = false;
        row->from = 0;
        row->end = m;
    }
    row->count = row->end - row->from;
    if (row->is_range)
        return;
    row->count = 0;
    for (size_t j = 0; j < m; j++)
        row->count += row_has(row, (int64_t)j);
}

/* The weight at a place relative to the query, where that key exists and may be seen. */
static void row_look(struct stats_row *row, enum stat stat, int64_t key)
{
    if (row_has(row, key))
        sum_add(&row->sums->mean[stat], (double)row->weights[key]);
}

/* Σ a over earlier keys with the query's token, and over those behind them. */
static void row_repeats(struct stats_row *row)
{
    const size_t *same = row->stats->same;
    double twice = 0, next = 0;
    bool any_twice = false, any_next = false;
    if (!same || row->position < 0 || row->position >= (int64_t)row->stats->problem->m)
        return;
    for (size_t j = same[row->position]; j != SIZE_MAX; j = same[j]) {
        if (row_has(row, (int64_t)j)) {
            any_twice = true;
            twice += (double)row->weights[j];
        }
        if (row_has(row, (int64_t)j + 1)) {
            any_next = true;
            next += (double)row->weights[j + 1];
        }
    }
    if (any_twice)
        sum_add(&row->sums->mean[STAT_DUPLICATE_TOKEN], twice);
    if (any_next)
        sum_add(&row->sums->mean[STAT_INDUCTION], next);
}

/* The mean distance of a patch from the patches that it looks at. */
static void row_patches(struct stats_row *row)
{
    const struct stats *s = row->stats;
    const int64_t query = row->position - (int64_t)s->patch_first;
    double sum = 0, total = 0;
    if (query < 0 || query >= (int64_t)s->patch_count)
        return;
    const size_t columns = s->patch_columns, at = (size_t)query / columns, in = (size_t)query % columns;
    for (size_t j = 0; j < s->patch_count; j++) {
        const size_t down = j / columns, right = j % columns;
        const size_t high = at > down ? at - down : down - at, wide_ = in > right ? in - right : right - in;
        const double weight = (double)row->weights[s->patch_first + j];
        sum += weight;
        total += weight * s->patch_distance[high * columns + wide_];
    }
    if (sum > 0)
        sum_add(&row->sums->mean[STAT_MEAN_DISTANCE], total / sum);
}

/* What is measured of weights that are shares of a whole. */
static void row_shares(struct stats_row *row, const struct weight_sums *sums)
{
    struct exact_sum *mean = row->sums->mean;
    sum_add(&mean[STAT_ENTROPY], sums->entropy);
    sum_add(&mean[STAT_EFFECTIVE_KEYS], exp(sums->entropy));
    if (row->count >= 2)
        sum_add(&mean[STAT_ENTROPY_NORMALIZED], sums->entropy / log((double)row->count));
    if (row->stats->patch_distance)
        row_patches(row);
    else
        sum_add(&mean[STAT_MEAN_DISTANCE], sums->distance);
}

/* How many keys make 0.9 of the row. */
static void row_coverage(struct stats_row *row, float largest)
{
    const size_t count =
        heaviest_count(row->weights + row->from, row->end - row->from, largest, 0.9, row->numbers);
    if (count > 0)
        atomic_fetch_add_explicit(&row->columns->needed[count], 1, memory_order_relaxed);
}

/* The largest weight, of rows that have a choice. */
static void row_choice(struct stats_row *row, const struct weight_sums *sums)
{
    struct stats_sums *own = row->sums;
    const size_t key = row->from + sums->argmax, n = row->stats->problem->n;
    if (row->count < 2)
        return;
    own->chosen++;
    sum_add(&own->mean[STAT_CONFIDENCE], (double)sums->largest);
    atomic_fetch_add_explicit(&row->columns->offset[key + n - 1 - row->i], 1, memory_order_relaxed);
    const bool is_first = row->i < own->query || (row->i == own->query && key < own->key);
    if (own->query == SIZE_MAX || sums->largest > own->largest ||
        (sums->largest == own->largest && is_first)) {
        own->largest = sums->largest;
        own->query = row->i;
        own->key = key;
    }
}

/* Counts the keys that the row may see. */
static void row_sees(struct stats_row *row)
{
    _Atomic int64_t *begins = row->columns->begins;
    if (row->is_range) {
        atomic_fetch_add_explicit(&begins[row->from], 1, memory_order_relaxed);
        atomic_fetch_sub_explicit(&begins[row->end], 1, memory_order_relaxed);
        return;
    }
    bool was = false;
    for (size_t j = 0; j <= row->end; j++) {
        const bool is = j < row->end && row_has(row, (int64_t)j);
        if (is && !was)
            atomic_fetch_add_explicit(&begins[j], 1, memory_order_relaxed);
        if (!is && was)
            atomic_fetch_sub_explicit(&begins[j], 1, memory_order_relaxed);
        was = is;
    }
}

/* Adds the weights of a row to those of its keys, as far as a call has come. */
static void row_add(const struct stats_row *row, int64_t *columns)
{
    for (size_t j = row->from; j < row->end; j++)
        columns[j] += (int64_t)((double)row->weights[j] * column_steps);
}

/* Measures a row; false where it sees no key or is NaN. */
static bool row_measure(struct stats_row *row, bool are_shares)
{
    const struct stats *s = row->stats;
    struct weight_sums sums;
    row_reach(row, s->problem->m);
    if (row->count == 0) {
        row->sums->blind_rows++;
        return false;
    }
    weights_measure(row->weights + row->from, row->end - row->from, row->from, (double)row->position, &sums);
    if (!isfinite(sums.sum)) {
        row->sums->nan_rows++;
        return false;
    }
    row->sums->rows++;
    if (sums.largest > LARGEST || sums.least < -LARGEST)
        atomic_store(&row->columns->is_too_large, true);
    if (are_shares)
        row_shares(row, &sums);
    if (are_shares && sums.largest <= LARGEST)
        row_coverage(row, sums.largest);
    row_choice(row, &sums);
    sum_add(&row->sums->mean[STAT_FIRST_TOKEN], (double)row->weights[0]);
    row_look(row, STAT_SELF, row->position);
    row_look(row, STAT_PREVIOUS_TOKEN, row->position - 1);
    row_look(row, STAT_NEXT_TOKEN, row->position + 1);
    row_repeats(row);
    row_sees(row);
    return true;
}

static bool is_measured(const struct selection *s, size_t layer, size_t head)
{
    bool is = !s->heads;
    for (size_t h = 0; s->heads && h < s->head_count; h++)
        is = is || s->heads[h] == head;
    return is && selection_has_layer(s, layer);
}

static void stats_rows(void *context, size_t layer, size_t head, size_t first, size_t count,
                       const float *weights, size_t stride)
{
    const struct stats *s = context;
    const size_t heads = s->problem->layer_count * s->problem->heads, m = s->problem->m,
                 worker = (size_t)workers_self(), which = layer * s->problem->heads + head;
    const struct problem_layer *spec = &s->problem->layers[layer];
    const bool are_shares = settings_are_shares(&spec->settings);
    struct stats_columns *columns = &s->columns[which];
    int64_t *keys = s->numbers + (2 * worker + 1) * m;
    if (!is_measured(s->selection, layer, head))
        return;
    memset(keys, 0, m * sizeof *keys);
    for (size_t r = 0; r < count; r++) {
        struct stats_row row = {.stats = s,
                                .head = &s->rules[which],
                                .sums = &s->sums[worker * heads + which],
                                .columns = columns,
                                .weights = weights + r * stride,
                                .numbers = s->numbers + 2 * worker * m,
                                .i = first + r,
                                .position = spec->offset + (int64_t)(first + r)};
        if (row_measure(&row, are_shares) &&
            !atomic_load_explicit(&columns->is_too_large, memory_order_relaxed))
            row_add(&row, keys);
    }
    for (size_t j = 0; j < m; j++)
        if (keys[j] != 0)
            atomic_fetch_add_explicit(&columns->weight[j], keys[j], memory_order_relaxed);
}

struct row_watch stats_watch(struct stats *stats)
{
    return (struct row_watch){stats_rows, stats};
}

/* ---- memory ---- */

/* Of each key the one before it with the same token, where tokens were given and the queries are keys. */
static bool find_same(struct stats *stats, struct error *error)
{
    const struct problem *p = stats->problem;
    const int64_t offset = p->layers[0].offset;
    bool are_keys = p->tokens.given && p->key_tokens.given;
    for (size_t l = 0; l < p->layer_count; l++)
        are_keys = are_keys && p->layers[l].offset == offset;
    for (size_t i = 0; are_keys && i < p->n; i++) {
        const int64_t at = offset + (int64_t)i;
        are_keys = at >= 0 && at < (int64_t)p->m && strcmp(p->tokens.text[i], p->key_tokens.text[at]) == 0;
    }
    if (!are_keys)
        return true;
    size_t slots = 16;
    while (slots < 2 * p->m)
        slots *= 2;
    size_t *last = memory_alloc(slots, sizeof *last, error); /* the last key of each token, or SIZE_MAX */
    stats->same = memory_alloc(p->m, sizeof *stats->same, error);
    for (size_t i = 0; last && i < slots; i++)
        last[i] = SIZE_MAX;
    for (size_t j = 0; last && stats->same && j < p->m; j++) {
        const char *text = p->key_tokens.text[j];
        size_t slot = hash_bytes(text, strlen(text)) & (slots - 1);
        while (last[slot] != SIZE_MAX && strcmp(p->key_tokens.text[last[slot]], text) != 0)
            slot = (slot + 1) & (slots - 1);
        stats->same[j] = last[slot];
        last[slot] = j;
    }
    const bool ok = last && stats->same;
    free(last);
    return ok;
}

/* How far patches are from each other, where queries and keys both are patches of one grid. */
static bool find_patches(struct stats *stats, struct error *error)
{
    const struct problem *p = stats->problem;
    struct selection all = {0};
    struct patch_grid grid;
    if (p->patch_grid[0] == 0 || !p->is_self)
        return true;
    if (!selection_check(&all, p, error) || !patch_grid_find(&grid, p, &all, error))
        return false;
    stats->patch_first = grid.first;
    stats->patch_columns = grid.columns;
    stats->patch_count = patch_grid_count(&grid);
    stats->patch_distance = memory_alloc(stats->patch_count, sizeof *stats->patch_distance, error);
    for (size_t j = 0; stats->patch_distance && j < stats->patch_count; j++)
        stats->patch_distance[j] = hypot((double)(j / grid.columns), (double)(j % grid.columns));
    return stats->patch_distance;
}

static bool columns_make(struct stats_columns *columns, size_t n, size_t m, struct error *error)
{
    columns->weight = memory_zeroed(m, sizeof *columns->weight, error);
    columns->begins = memory_zeroed(m + 1, sizeof *columns->begins, error);
    columns->offset = memory_zeroed(n + m, sizeof *columns->offset, error);
    columns->needed = memory_zeroed(m + 1, sizeof *columns->needed, error);
    return columns->weight && columns->begins && columns->offset && columns->needed;
}

bool stats_make(struct stats *stats, const struct problem *problem, const struct selection *selection,
                int threads, struct error *error)
{
    size_t heads, all, numbers;
    *stats = (struct stats){
        .problem = problem, .selection = selection, .workers = (size_t)engine_threads(threads)};
    if (!size_multiply(problem->layer_count, problem->heads, &heads) ||
        !size_multiply(heads, stats->workers, &all) ||
        !size_multiply(2 * stats->workers, problem->m, &numbers))
        return error_memory(error, SIZE_MAX);
    stats->heads = memory_zeroed(heads, sizeof *stats->heads, error);
    stats->rules = memory_zeroed(heads, sizeof *stats->rules, error);
    stats->columns = memory_zeroed(heads, sizeof *stats->columns, error);
    stats->sums = memory_zeroed(all, sizeof *stats->sums, error);
    stats->numbers = memory_alloc(numbers, sizeof *stats->numbers, error);
    bool ok = stats->heads && stats->rules && stats->columns && stats->sums && stats->numbers;
    for (size_t i = 0; ok && i < all; i++)
        stats->sums[i].query = SIZE_MAX;
    for (size_t i = 0; ok && i < heads; i++) {
        const size_t layer = i / problem->heads, head = i % problem->heads;
        problem_head(problem, layer, head, &stats->rules[i]);
        ok = !is_measured(selection, layer, head) ||
             columns_make(&stats->columns[i], problem->n, problem->m, error);
    }
    return ok && find_same(stats, error) && find_patches(stats, error);
}

void stats_free(struct stats *stats)
{
    const size_t heads = stats->columns ? stats->problem->layer_count * stats->problem->heads : 0;
    for (size_t i = 0; i < heads; i++) {
        free(stats->columns[i].weight);
        free(stats->columns[i].begins);
        free(stats->columns[i].offset);
        free(stats->columns[i].needed);
    }
    free(stats->heads);
    free(stats->rules);
    free(stats->columns);
    free(stats->sums);
    free(stats->numbers);
    free(stats->same);
    free(stats->patch_distance);
    *stats = (struct stats){0};
}

/* ---- heads ---- */

/* All that the workers have seen of a head. */
static struct stats_sums head_sums(const struct stats *stats, size_t which)
{
    const size_t heads = stats->problem->layer_count * stats->problem->heads;
    struct stats_sums all = stats->sums[which];
    for (size_t w = 1; w < stats->workers; w++) {
        const struct stats_sums *own = &stats->sums[w * heads + which];
        for (size_t i = 0; i < STAT_MEANS; i++) {
            all.mean[i].sum += own->mean[i].sum;
            all.mean[i].rows += own->mean[i].rows;
        }
        all.rows += own->rows;
        all.blind_rows += own->blind_rows;
        all.nan_rows += own->nan_rows;
        all.chosen += own->chosen;
        const bool is_first = own->query < all.query || (own->query == all.query && own->key < all.key);
        if (own->query != SIZE_MAX && (all.query == SIZE_MAX || own->largest > all.largest ||
                                       (own->largest == all.largest && is_first))) {
            all.largest = own->largest;
            all.query = own->query;
            all.key = own->key;
        }
    }
    return all;
}

/* The commonest place of the largest weight, from that of the query; of equally common ones the nearest, and of two as near
 * the earlier. */
static void head_offset(const struct stats *stats, size_t which, size_t rows, struct head_stats *head)
{
    const struct problem *p = stats->problem;
    const int64_t first = -(int64_t)(p->n - 1) - p->layers[which / p->heads].offset;
    uint32_t most = 0;
    int64_t best = 0;
    for (size_t k = 0; k + 1 < p->n + p->m; k++) {
        const uint32_t count = stats->columns[which].offset[k];
        const int64_t value = first + (int64_t)k;
        if (count > most || (count == most && count > 0 && llabs(value) < llabs(best))) {
            most = count;
            best = value;
        }
    }
    if (most == 0)
        return;
    head->value[STAT_OFFSET] = (double)best;
    head->value[STAT_OFFSET_SHARE] = (double)most / (double)rows;
}

/* The median of how many keys make 0.9 of a row: of an even number of rows the mean of the two in the middle. */
static void head_coverage(const struct stats *stats, size_t which, struct head_stats *head)
{
    const size_t m = stats->problem->m;
    size_t rows = 0, before = 0, low = 0, high = 0;
    for (size_t k = 0; k <= m; k++)
        rows += stats->columns[which].needed[k];
    for (size_t k = 0; rows > 0 && k <= m; k++) {
        const size_t count = stats->columns[which].needed[k], after = before + count;
        if (before <= (rows - 1) / 2 && (rows - 1) / 2 < after)
            low = k;
        if (before <= rows / 2 && rows / 2 < after)
            high = k;
        before = after;
    }
    if (rows > 0)
        head->value[STAT_COVERAGE_90] = (double)(low + high) / 2;
}

/* The key with the largest mean weight, of those that a quarter of the rows may see. */
static void head_sink(const struct stats *stats, size_t which, struct head_stats *head)
{
    const struct stats_columns *columns = &stats->columns[which];
    int64_t sees = 0;
    for (size_t j = 0; j < stats->problem->m && !columns->is_too_large; j++) {
        sees += columns->begins[j];
        const double mean = (double)columns->weight[j] / column_steps / (double)sees;
        if (sees == 0 || 4 * (size_t)sees < head->rows ||
            (head->sink_key != SIZE_MAX && mean <= head->value[STAT_SINK]))
            continue;
        head->value[STAT_SINK] = mean;
        head->sink_key = j;
    }
}

void stats_finish(struct stats *stats)
{
    const struct problem *p = stats->problem;
    for (size_t i = 0; i < p->layer_count * p->heads; i++) {
        struct head_stats *head = &stats->heads[i];
        const struct stats_sums sums = head_sums(stats, i);
        for (enum stat s = 0; s < STAT_COUNT; s++)
            head->value[s] =
                (int)s < STAT_MEANS && s != STAT_MAX_WEIGHT ? sum_mean(&sums.mean[s]) : (double)NAN;
        head->max_query = sums.query;
        head->max_key = sums.key;
        head->value[STAT_MAX_WEIGHT] = sums.query == SIZE_MAX ? (double)NAN : (double)sums.largest;
        head->rows = sums.rows;
        head->blind_rows = sums.blind_rows;
        head->nan_rows = sums.nan_rows;
        head->sink_key = SIZE_MAX;
        if (!stats->columns[i].weight)
            continue;
        head_offset(stats, i, sums.chosen, head);
        head_coverage(stats, i, head);
        head_sink(stats, i, head);
    }
}
