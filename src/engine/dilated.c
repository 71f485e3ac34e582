#include "engine/dilated.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/mask.h"
#include "base/memory.h"
#include "base/workers.h"
#include "engine/runner.h"
#include "engine/threads.h"

/* Larger dilations are left to the next runner, which masks the pairs between. */
#define DILATION_LIMIT ((size_t)64)

/*
 * One phase of one job, as a job of its own. Its query t is query first + t·period of the whole, its key u is
 * key phase + u·period. The arrays are owned, and NULL if the whole has no such thing.
 */
struct phase_part {
    const struct engine_job *whole;
    size_t period, phase, first;
    struct head head;
    struct engine_job job;
    float *distance;
    int32_t *query_segment, *key_segment;
    struct row_measures *measures;
    struct row_key *top;
    float *cells;
    float *rows; /* threads×m of the whole: a row for its receiver; borrowed */
};

bool dilated_splits(const struct rules *rules, size_t keys)
{
    return rules->dilation >= 2 && rules->dilation <= DILATION_LIMIT && rules->dilation <= keys &&
           !rules->key_global && rules->block == 0;
}

/* The dilation of all jobs; 0 if it differs, does not split a head, or cells of a pool do not hold whole
 * periods of it. */
static size_t dilated_period(const struct engine_job *jobs, size_t count)
{
    const size_t period = count > 0 ? jobs[0].head->rules.dilation : 0;
    for (size_t j = 0; j < count; j++) {
        const struct rules *rules = &jobs[j].head->rules;
        const struct pooling *pool = &jobs[j].pool;
        /* Dropout draws by the keys of the whole. */
        if (jobs[j].head->query_scale || jobs[j].head->dropout > 0 || rules->dilation != period ||
            !dilated_splits(rules, jobs[j].head->m) ||
            (pool->cells && (pool->rows % period != 0 || pool->keys % period != 0)))
            return 0;
    }
    return period;
}

/* How many of first, first + period, first + 2·period, … are below `count`. */
static size_t count_every(size_t first, size_t count, size_t period)
{
    return first < count ? size_divide_up(count - first, period) : 0;
}

/* Rows first, first + period, … of a matrix. */
static struct strided strided_rows(const struct strided *whole, size_t first, size_t period)
{
    struct strided part = *whole;
    if (part.data)
        part.data += first * whole->row;
    part.row *= period;
    return part;
}

/* The same, and of columns phase, phase + period, …. */
static struct strided strided_pairs(const struct strided *whole, size_t first, size_t phase, size_t period)
{
    struct strided part = strided_rows(whole, first, period);
    if (part.data)
        part.data += phase * whole->column;
    part.column *= period;
    return part;
}

/* The numbers at first, first + period, … of a list, `count` of them. */
static bool segments_phase(int32_t **part, const int32_t *list, size_t first, size_t count, size_t period,
                           struct error *error)
{
    *part = memory_alloc(count, sizeof **part, error);
    for (size_t i = 0; *part && i < count; i++)
        (*part)[i] = list[first + i * period];
    return *part;
}

/* Every member of struct rules stands here, in its order: a rule that is forgotten does not compile. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wmissing-field-initializers"
static struct rules rules_of_phase(const struct phase_part *part)
{
    const struct rules *whole = &part->whole->head->rules;
    const size_t period = part->period, phase = part->phase;
    /* Between positions of a phase all differences are multiples of the period. */
    return (struct rules){
        whole->causal,
        whole->left >= 0 ? whole->left / (int64_t)period : -1,
        whole->right >= 0 ? whole->right / (int64_t)period : -1,
        count_every(phase, whole->prefix, period),
        whole->is_padded,
        count_every(phase, whole->key_length, period),
        0,            /* dilation */
        0,            /* block: dilated_splits excludes it */
        {NULL, 0, 0}, /* block_mask */
        NULL,         /* query_global: dilated_splits excludes it */
        NULL,         /* key_global */
        part->query_segment,
        part->key_segment,
        strided_pairs(&whole->key_mask, 0, phase, period),
        strided_pairs(&whole->mask, part->first, phase, period),
        whole->mask_true_blocks,
    };
}
#pragma GCC diagnostic pop

static bool phase_rules(struct phase_part *part, struct error *error)
{
    const struct rules *whole = &part->whole->head->rules;
    const size_t n = part->head.n, m = part->head.m, period = part->period;
    if (whole->query_segment &&
        (!segments_phase(&part->query_segment, whole->query_segment, part->first, n, period, error) ||
         !segments_phase(&part->key_segment, whole->key_segment, part->phase, m, period, error)))
        return false;
    part->head.rules = rules_of_phase(part);
    return true;
}

/* The table of distances, from offset - (m - 1) to offset + n - 1 of the phase. */
static bool phase_distance(struct phase_part *part, struct error *error)
{
    const struct head *whole = part->whole->head;
    struct head *head = &part->head;
    if (!whole->distance)
        return true;
    const size_t count = head->n + head->m - 1;
    if (count > SIZE_MAX - HEAD_SPARE)
        return error_memory(error, SIZE_MAX);
    head->distance_first = head->offset - (int64_t)(head->m - 1);
    part->distance = memory_zeroed(count + HEAD_SPARE, sizeof *part->distance, error);
    for (size_t x = 0; part->distance && x < count; x++)
        part->distance[x] = whole->distance[(head->distance_first + (int64_t)x) * (int64_t)part->period -
                                            whole->distance_first];
    head->distance = part->distance;
    head->slope = whole->slope * (double)part->period;
    return part->distance;
}

/* The receiver of a phase: spreads its rows to rows of the whole, for the receiver of that. */
static void phase_receive(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    const struct phase_part *part = context;
    const struct row_receiver *receiver = &part->whole->receiver;
    const size_t m = part->whole->head->m;
    float *row = part->rows + (size_t)workers_self() * m;
    for (size_t r = 0; r < count; r++, weights += stride) {
        const float other = isnan(weights[0]) ? NAN : 0; /* a row that is NaN is NaN everywhere */
        for (size_t j = 0; j < m; j++)
            row[j] = other;
        for (size_t u = 0; u < part->head.m; u++)
            row[part->phase + u * part->period] = weights[u];
        receiver->receive(receiver->context, part->first + (first + r) * part->period, 1, row, m);
    }
}

/* The job of a phase, with memory for the results that the whole wants. */
static bool phase_job(struct phase_part *part, struct error *error)
{
    const struct engine_job *whole = part->whole;
    const struct pooling *pool = &whole->pool;
    struct engine_job *job = &part->job;
    const size_t n = part->head.n, m = part->head.m, period = part->period;
    size_t count;
    *job = (struct engine_job){
        .head = &part->head, .wants_scores = whole->wants_scores, .top_count = whole->top_count};
    if (whole->output) {
        job->output = whole->output + part->first * whole->output_row;
        job->output_row = whole->output_row * period;
    }
    if (whole->receiver.receive)
        job->receiver = (struct row_receiver){.receive = phase_receive, .context = part};
    if (whole->measures && !(job->measures = part->measures = memory_alloc(n, sizeof *part->measures, error)))
        return false;
    if (whole->top && (!size_multiply(n, whole->top_count, &count) ||
                       !(job->top = part->top = memory_alloc(count, sizeof *part->top, error))))
        return error_memory(error, SIZE_MAX);
    if (!pool->cells)
        return true;
    job->pool = (struct pooling){
        .rows = pool->rows / period, .keys = pool->keys / period, .mean = pool->mean, .in_reach = true};
    if (!size_multiply(size_divide_up(n, job->pool.rows), size_divide_up(m, job->pool.keys), &count))
        return error_memory(error, SIZE_MAX);
    job->pool.cells = part->cells = memory_alloc(count, sizeof *part->cells, error);
    return part->cells;
}

/* Makes a phase that has queries. Freed by phase_free in any case. */
static bool phase_make(struct phase_part *part, struct error *error)
{
    const struct head *whole = part->whole->head;
    struct head *head = &part->head;
    *head = *whole;
    head->n = count_every(part->first, whole->n, part->period);
    head->whole_n = SIZE_MAX; /* how many queries a phase has differs from part to part */
    head->m = count_every(part->phase, whole->m, part->period);
    head->offset = ((int64_t)part->first + whole->offset - (int64_t)part->phase) / (int64_t)part->period;
    head->q = strided_rows(&whole->q, part->first, part->period);
    head->k = strided_rows(&whole->k, part->phase, part->period);
    head->v = strided_rows(&whole->v, part->phase, part->period);
    head->bias = strided_pairs(&whole->bias, part->first, part->phase, part->period);
    return phase_rules(part, error) && phase_distance(part, error) && phase_job(part, error);
}

static void phase_free(struct phase_part *part)
{
    free(part->distance);
    free(part->query_segment);
    free(part->key_segment);
    free(part->measures);
    free(part->top);
    free(part->cells);
}

static size_t key_of_whole(const struct phase_part *part, size_t key)
{
    return key == SIZE_MAX ? SIZE_MAX : part->phase + key * part->period;
}

/* The cells [*first, *end) of a row of cells of a phase that are not 0 for sure. */
static void cells_in_reach(const struct phase_part *part, size_t r, size_t *first, size_t *end)
{
    const struct pooling *own = &part->job.pool;
    const struct head *head = &part->head;
    *first = SIZE_MAX, *end = 0;
    for (size_t i = r * own->rows; i < (r + 1) * own->rows && i < head->n; i++) {
        size_t from, to;
        mask_reach(head, i, &from, &to);
        if (from < to && from / own->keys < *first)
            *first = from / own->keys;
        if (from < to && (to - 1) / own->keys >= *end)
            *end = (to - 1) / own->keys + 1;
    }
}

/* Merges a row of cells of a phase into that of the whole. A mean counts by the pairs of its cell. */
static void cells_merge_row(const struct phase_part *part, size_t r)
{
    const struct pooling *pool = &part->whole->pool, *own = &part->job.pool;
    const struct head *whole = part->whole->head, *head = &part->head;
    const size_t width = size_divide_up(whole->m, pool->keys), own_width = size_divide_up(head->m, own->keys);
    float *to = pool->cells + r * width;
    const float *from = part->cells + r * own_width;
    size_t first, end;
    cells_in_reach(part, r, &first, &end);
    const bool is_nan = first < end && isnan(from[first]); /* then everywhere */
    if (is_nan) {
        first = 0;
        end = own_width;
    }
    for (size_t c = first; c < end && !pool->mean; c++)
        to[c] = from[c] > to[c] || isnan(from[c]) ? from[c] : to[c];
    for (size_t c = first; c < end && pool->mean; c++) {
        const size_t rows = head->n - r * own->rows, keys = head->m - c * own->keys;
        const size_t all_rows = whole->n - r * pool->rows, all_keys = whole->m - c * pool->keys;
        const double pairs =
            (double)(rows < own->rows ? rows : own->rows) * (double)(keys < own->keys ? keys : own->keys);
        const double all = (double)(all_rows < pool->rows ? all_rows : pool->rows) *
                           (double)(all_keys < pool->keys ? all_keys : pool->keys);
        to[c] += (float)((double)from[c] * (pairs / all));
    }
    /* Also in cells where the phase has no keys. */
    for (size_t c = own_width; c < width && is_nan; c++)
        to[c] = NAN;
}

/* The phases of one job. */
struct job_phases {
    const struct engine_job *whole;
    const struct phase_part *parts;
    size_t count;
};

/* Row r of the cells of the whole. */
static void cells_row_work(void *context, int worker, size_t r)
{
    const struct job_phases *phases = context;
    const struct pooling *pool = &phases->whole->pool;
    const size_t width = size_divide_up(phases->whole->head->m, pool->keys);
    (void)worker;
    memset(pool->cells + r * width, 0, width * sizeof *pool->cells);
    for (size_t p = 0; p < phases->count; p++)
        if (r < size_divide_up(phases->parts[p].head.n, phases->parts[p].job.pool.rows))
            cells_merge_row(&phases->parts[p], r);
}

/* Copies rows first.. of a phase, `count` at most, to the whole. */
static void phase_rows(const struct phase_part *part, size_t first, size_t count)
{
    const struct engine_job *whole = part->whole;
    for (size_t t = first; t < first + count && t < part->head.n; t++) {
        const size_t row = part->first + t * part->period;
        if (whole->measures) {
            struct row_measures m = part->measures[t];
            m.distance *= (float)part->period;
            m.first = part->phase == 0 || isnan(m.first) ? m.first : 0;
            m.argmax = key_of_whole(part, m.argmax);
            whole->measures[row] = m;
        }
        for (size_t k = 0; whole->top && k < whole->top_count; k++) {
            struct row_key key = part->top[t * whole->top_count + k];
            key.key = key_of_whole(part, key.key);
            whole->top[row * whole->top_count + k] = key;
        }
    }
}

/* So many rows of each phase are copied at once: rows of all phases lie beside each other in the whole, and threads should
 * not write to the same lines of the cache. */
enum { COPIED_ROWS = 128 };

static void copied_rows_work(void *context, int worker, size_t some)
{
    const struct job_phases *phases = context;
    (void)worker;
    for (size_t p = 0; p < phases->count; p++)
        phase_rows(&phases->parts[p], some * COPIED_ROWS, COPIED_ROWS);
}

/* The results of the whole, from those of its phases. */
static void job_finish(struct job_phases *phases, int threads)
{
    const struct engine_job *whole = phases->whole;
    size_t longest = 0;
    for (size_t p = 0; p < phases->count; p++)
        longest = phases->parts[p].head.n > longest ? phases->parts[p].head.n : longest;
    if (whole->measures || whole->top)
        workers_run_on(threads, size_divide_up(longest, COPIED_ROWS), copied_rows_work, phases);
    if (whole->pool.cells)
        workers_run_on(threads, size_divide_up(whole->head->n, whole->pool.rows), cells_row_work, phases);
}

/* All phases of all jobs that have queries, and the jobs made of them. */
struct phases {
    struct phase_part *parts;
    struct engine_job *jobs;
    size_t count;
};

/* Makes them; `rows` is threads×m, for receivers. */
static bool phases_make(struct phases *phases, const struct engine_job *jobs, size_t count, size_t period,
                        float *rows, struct error *error)
{
    size_t most;
    if (!size_multiply(count, period, &most))
        return error_memory(error, SIZE_MAX);
    phases->parts = memory_zeroed(most, sizeof *phases->parts, error);
    phases->jobs = memory_alloc(most, sizeof *phases->jobs, error);
    bool ok = phases->parts && phases->jobs;
    for (size_t p = 0; ok && p < most; p++) {
        const struct engine_job *job = &jobs[p / period];
        const int64_t d = (int64_t)period, ahead = ((int64_t)(p % period) - job->head->offset) % d;
        const size_t first = (size_t)((ahead + d) % d);
        if (first >= job->head->n)
            continue;
        struct phase_part *part = &phases->parts[phases->count];
        *part = (struct phase_part){
            .whole = job, .period = period, .phase = p % period, .first = first, .rows = rows};
        ok = phase_make(part, error);
        phases->jobs[phases->count++] = part->job;
    }
    return ok;
}

static void phases_free(struct phases *phases)
{
    for (size_t p = 0; p < phases->count; p++)
        phase_free(&phases->parts[p]);
    free(phases->parts);
    free(phases->jobs);
}

static bool dilated_fits(const struct engine_job *jobs, size_t count, const struct engine_options *options)
{
    return dilated_period(jobs, count) > 0 && runner_fast.fits(jobs, count, options);
}

static bool dilated_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                        const struct runner *const *next, struct error *error)
{
    const size_t period = dilated_period(jobs, count);
    const int threads = engine_threads(options->threads);
    struct phases phases = {0};
    size_t longest = 0, room;
    for (size_t j = 0; j < count; j++)
        longest = jobs[j].receiver.receive && jobs[j].head->m > longest ? jobs[j].head->m : longest;
    if (!size_multiply(longest, (size_t)threads, &room))
        return error_memory(error, SIZE_MAX);
    float *rows = memory_alloc(room, sizeof *rows, error);
    const bool ok = rows && phases_make(&phases, jobs, count, period, rows, error) &&
                    runner_run(next, phases.jobs, phases.count, options, error);
    for (size_t j = 0, first = 0, end; ok && j < count; j++, first = end) {
        for (end = first; end < phases.count && phases.parts[end].whole == &jobs[j]; end++)
            ;
        job_finish(&(struct job_phases){&jobs[j], phases.parts + first, end - first}, threads);
    }
    phases_free(&phases);
    free(rows);
    return ok;
}

const struct runner runner_dilated = {.fits = dilated_fits, .run = dilated_run};
