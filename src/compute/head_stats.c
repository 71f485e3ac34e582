#include "compute/head_stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/workers.h"
#include "compute/head_columns.h"
#include "compute/patch_grid.h"
#include "compute/same_tokens.h"
#include "engine/engine.h"
#include "problem/problem_head.h"

#define STAT_NAME(upper, name) #name,
#define STAT_WORD(upper, name) #name
const char *const stat_names[STAT_COUNT] = {STATS(STAT_NAME, )};
const char stat_words[] = STATS(STAT_WORD, " ");

enum stat stat_named(const char *name)
{
    enum stat stat = 0;
    while (stat < STAT_COUNT && strcmp(stat_names[stat], name) != 0)
        stat++;
    return stat;
}

/* Whether the queries of a layer are keys, perhaps the last ones: where they are fewer, its offset says so. */
static bool are_keys(const struct problem *p, const struct problem_layer *layer)
{
    return p->is_self || (p->m > p->n && layer->offset == (int64_t)(p->m - p->n));
}

static void stats_rows(void *context, size_t layer, size_t head, const struct row_batch *batch)
{
    const struct stats *s = context;
    const size_t heads = s->problem->layer_count * s->problem->heads, m = s->problem->m,
                 worker = (size_t)workers_self(), which = layer * s->problem->heads + head;
    const struct problem_layer *spec = &s->problem->layers[layer];
    struct stats_columns *columns = &s->columns[which];
    int64_t *keys = s->numbers + (2 * worker + 1) * m;
    if (!selection_has(s->selection, layer, head))
        return;
    size_t from = m, end = 0; /* keys that the rows reach */
    for (size_t r = 0; r < batch->count; r++) {
        struct stats_row row = {.places = &s->places,
                                .head = &s->rules[which],
                                .sums = &s->sums[worker * heads + which],
                                .columns = columns,
                                .weights = batch->weights + r * batch->stride,
                                .known = batch->sums ? &batch->sums[r] : NULL,
                                .numbers = s->numbers + 2 * worker * m,
                                .i = batch->first + r,
                                .position = spec->offset + (int64_t)(batch->first + r),
                                .are_shares = settings_are_shares(&spec->settings),
                                .are_given = spec->attention,
                                .norms = s->norms.keys ? &s->norms.keys[head * m] : NULL,
                                .record = s->records ? &s->records[which][batch->first + r] : NULL,
                                .are_keys = are_keys(s->problem, spec)};
        if (!row_stats_measure(&row) || atomic_load_explicit(&columns->is_too_large, memory_order_relaxed))
            continue;
        row_stats_keys(&row, keys);
        from = row.from < from ? row.from : from;
        end = row.end > end ? row.end : end;
    }
    for (size_t j = from; j < end; j++) {
        if (keys[j] != 0)
            atomic_fetch_add_explicit(&columns->weight[j], keys[j], memory_order_relaxed);
        keys[j] = 0;
    }
}

static bool stats_begin(void *context, const struct layer *layer, struct error *error)
{
    struct stats *s = context;
    const struct settings *settings = &layer->problem->layers[layer->index].settings;
    if (selection_has_layer(s->selection, layer->index) && settings_are_shares(settings))
        return value_norms_make(&s->norms, layer, error);
    value_norms_free(&s->norms);
    return true;
}

/* Whether scores enter a softmax, or another normalizer of scores that may be any numbers. */
static bool have_scores(const struct problem_layer *layer)
{
    const struct settings *s = &layer->settings;
    return !layer->attention && s->recurrence == RECURRENCE_NONE && s->normalizer != NORMALIZER_LINEAR &&
           !settings_have(s, SETTING_DIFFERENTIAL);
}

/* How the scores of the heads of a layer are spread. */
static void stats_scores(const struct stats *s, const struct layer *layer)
{
    const struct problem *p = s->problem;
    for (size_t h = 0; h < p->heads && have_scores(&p->layers[layer->index]); h++)
        for (size_t i = 0; selection_has(s->selection, layer->index, h) && i < p->n; i++)
            score_sums_join(&s->columns[layer->index * p->heads + h].scores,
                            &layer->rows[h * p->n + i].scores);
}

/* A head's part of what all heads of its layer write in a row. */
static bool stats_end(void *context, const struct layer *layer, const float *heads, struct error *error)
{
    struct stats *s = context;
    stats_scores(s, layer);
    if (!s->norms.keys || !heads)
        return true;
    if (!value_norms_output(&s->norms, heads, error))
        return false;
    for (size_t i = 0; i < s->norms.n; i++) {
        double all = 0;
        for (size_t h = 0; h < s->norms.heads; h++)
            all += s->norms.output[h * s->norms.n + i];
        for (size_t h = 0; all > 0 && isfinite(all) && h < s->norms.heads; h++) {
            const size_t which = layer->index * s->norms.heads + h;
            struct stats_row row = {.sums = &s->sums[which],
                                    .record = s->records && s->records[which] ? &s->records[which][i] : NULL};
            row_measure(&row, STAT_OUTPUT_SHARE, s->norms.output[h * s->norms.n + i] / all);
        }
    }
    return true;
}

struct row_watch stats_watch(struct stats *stats)
{
    return (struct row_watch){
        .rows = stats_rows, .begins = stats_begin, .ends = stats_end, .wants_scores = true, .context = stats};
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
    stats->places.same = same_tokens(&p->key_tokens, error);
    return stats->places.same;
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
    stats->places.patch_first = grid.first;
    stats->places.patch_columns = grid.columns;
    stats->places.patch_count = patch_grid_count(&grid);
    double *distance = memory_alloc(stats->places.patch_count, sizeof *distance, error);
    stats->places.patch_distance = distance;
    for (size_t j = 0; distance && j < stats->places.patch_count; j++)
        distance[j] = hypot((double)(j / grid.columns), (double)(j % grid.columns));
    return distance;
}

static bool columns_make(struct stats_columns *columns, size_t n, size_t m, struct error *error)
{
    columns->weight = memory_zeroed(m, sizeof *columns->weight, error);
    columns->narrow = memory_zeroed(m, sizeof *columns->narrow, error);
    columns->begins = memory_zeroed(m + 1, sizeof *columns->begins, error);
    columns->offset = memory_zeroed(n + m, sizeof *columns->offset, error);
    columns->needed = memory_zeroed(m + 1, sizeof *columns->needed, error);
    return columns->weight && columns->narrow && columns->begins && columns->offset && columns->needed;
}

bool stats_make(struct stats *stats, const struct problem *problem, const struct selection *selection,
                int threads, struct error *error)
{
    size_t heads, all, numbers;
    *stats = (struct stats){.problem = problem,
                            .selection = selection,
                            .places = {.n = problem->n, .m = problem->m},
                            .workers = (size_t)engine_threads(threads)};
    if (!size_multiply(problem->layer_count, problem->heads, &heads) ||
        !size_multiply(heads, stats->workers, &all) ||
        !size_multiply(2 * stats->workers, problem->m, &numbers))
        return error_memory(error, SIZE_MAX);
    stats->heads = memory_zeroed(heads, sizeof *stats->heads, error);
    stats->rules = memory_zeroed(heads, sizeof *stats->rules, error);
    stats->columns = memory_zeroed(heads, sizeof *stats->columns, error);
    stats->sums = memory_zeroed(all, sizeof *stats->sums, error);
    stats->numbers = memory_zeroed(numbers, sizeof *stats->numbers, error);
    bool ok = stats->heads && stats->rules && stats->columns && stats->sums && stats->numbers;
    for (size_t i = 0; ok && i < all; i++)
        stats->sums[i].query = SIZE_MAX;
    for (size_t i = 0; ok && i < heads; i++) {
        const size_t layer = i / problem->heads, head = i % problem->heads;
        problem_head(problem, layer, head, &stats->rules[i]);
        if (selection_has(selection, layer, head))
            ok = columns_make(&stats->columns[i], problem->n, problem->m, error);
    }
    return ok && find_same(stats, error) && find_patches(stats, error);
}

bool stats_keep_rows(struct stats *stats, struct error *error)
{
    const struct problem *p = stats->problem;
    const size_t heads = p->layer_count * p->heads;
    stats->records = memory_zeroed(heads, sizeof *stats->records, error);
    for (size_t i = 0; stats->records && i < heads; i++) {
        if (!selection_has(stats->selection, i / p->heads, i % p->heads))
            continue;
        stats->records[i] = memory_zeroed(p->n, sizeof *stats->records[i], error);
        if (!stats->records[i])
            return false;
        for (size_t row = 0; row < p->n; row++) {
            stats->records[i][row].largest = SIZE_MAX;
            for (enum stat s = 0; (int)s < STAT_MEANS; s++)
                stats->records[i][row].value[s] = NAN;
        }
    }
    return stats->records;
}

void stats_free(struct stats *stats)
{
    const size_t heads = stats->columns ? stats->problem->layer_count * stats->problem->heads : 0;
    for (size_t i = 0; i < heads; i++) {
        free(stats->columns[i].weight);
        free(stats->columns[i].narrow);
        free(stats->columns[i].begins);
        free(stats->columns[i].offset);
        free(stats->columns[i].needed);
        if (stats->records)
            free(stats->records[i]);
    }
    free(stats->records);
    free(stats->heads);
    free(stats->rules);
    free(stats->columns);
    free(stats->sums);
    free(stats->numbers);
    value_norms_free(&stats->norms);
    free(stats->places.same);
    free(stats->places.patch_distance);
    *stats = (struct stats){0};
}

/* ---- heads ---- */

static void exact_join(struct exact_sum *all, const struct exact_sum *own)
{
    all->sum += own->sum;
    all->rows += own->rows;
    all->is_lost = all->is_lost || own->is_lost;
}

/* All that the workers have seen of a head. */
static struct stats_sums head_sums(const struct stats *stats, size_t which)
{
    const size_t heads = stats->problem->layer_count * stats->problem->heads;
    struct stats_sums all = stats->sums[which];
    for (size_t w = 1; w < stats->workers; w++) {
        const struct stats_sums *own = &stats->sums[w * heads + which];
        for (size_t i = 0; i < STAT_MEANS; i++) {
            exact_join(&all.mean[i], &own->mean[i]);
        }
        for (size_t i = 0; i < STAT_PLACES; i++) {
            exact_join(&all.chance[i], &own->chance[i]);
            exact_join(&all.spread[i], &own->spread[i]);
        }
        all.rows += own->rows;
        all.blind_rows += own->blind_rows;
        all.nan_rows += own->nan_rows;
        all.chosen += own->chosen;
        all.narrow += own->narrow;
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
        const double mean = (double)columns->weight[j] / KEY_STEPS / (double)sees;
        if (sees == 0 || 4 * (size_t)sees < head->rows ||
            (head->sink_key != SIZE_MAX && mean <= head->value[STAT_SINK]))
            continue;
        head->value[STAT_SINK] = mean;
        head->sink_key = j;
    }
}

/* What a measure is by chance: its mean and the variance of that, of rows that look each at one key. */
static void head_chance(const struct stats_sums *sums, enum stat stat, struct head_stats *head)
{
    const bool is_place = stat >= STAT_FIRST_TOKEN && stat < STAT_FIRST_TOKEN + STAT_PLACES;
    const struct exact_sum *chance = &sums->chance[is_place ? stat - STAT_FIRST_TOKEN : 0],
                           *spread = &sums->spread[is_place ? stat - STAT_FIRST_TOKEN : 0];
    head->chance[stat] = (double)-INFINITY;
    if (!is_place || chance->rows == 0)
        return;
    head->chance[stat] = exact_mean(chance);
    head->chance_variance[stat] = exact_mean(spread) / (double)chance->rows;
}

void stats_finish(struct stats *stats)
{
    const struct problem *p = stats->problem;
    for (size_t i = 0; i < p->layer_count * p->heads; i++) {
        struct head_stats *head = &stats->heads[i];
        const struct stats_sums sums = head_sums(stats, i);
        for (enum stat s = 0; s < STAT_COUNT; s++) {
            head->value[s] =
                (int)s < STAT_MEANS && s != STAT_MAX_WEIGHT ? exact_mean(&sums.mean[s]) : (double)NAN;
            head_chance(&sums, s, head);
        }
        head->are_keys = are_keys(p, &p->layers[i / p->heads]);
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
        head->value[STAT_SCORE_STD] = score_sums_deviation(&stats->columns[i].scores);
        if (settings_are_shares(&p->layers[i / p->heads].settings))
            head->value[STAT_COLUMNS] = head_columns(&stats->columns[i], p->m, sums.rows - sums.narrow);
    }
}
