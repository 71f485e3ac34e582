#include "engine/dilated.h"

#include <math.h>
#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/memory.h"

/* Dilations up to this are taken apart. */
#define DILATED_MOST ((size_t)64)

/* One phase of one job: query t of it is query first + t·period of the whole, key u is key phase + u·period.
 */
struct part {
    const struct engine_job *whole;
    size_t period, phase, first;
    struct head head;
    struct engine_job job;
    float *distance;                      /* these are owned; */
    int32_t *query_segment, *key_segment; /* NULL where there is no such thing */
    struct row_measures *measures;
    struct row_key *top;
    float *cells;
    float *rows; /* of the whole, one a thread, for its taker; borrowed */
};

bool dilated_splits(const struct rules *rules, size_t keys)
{
    return rules->dilation >= 2 && rules->dilation <= DILATED_MOST && rules->dilation <= keys &&
           !rules->key_global && rules->block == 0;
}

size_t dilated_period(const struct engine_job *jobs, size_t count)
{
    const size_t period = count > 0 ? jobs[0].head->rules.dilation : 0;
    for (size_t j = 0; j < count; j++) {
        const struct rules *rules = &jobs[j].head->rules;
        const struct pooling *pool = &jobs[j].pool;
        if (rules->dilation != period || !dilated_splits(rules, jobs[j].head->m) ||
            (pool->cells && (pool->rows % period != 0 || pool->keys % period != 0)))
            return 0;
    }
    return period;
}

/* How many of `count` there are from `first` on, one a period. */
static size_t every(size_t first, size_t count, size_t period)
{
    return first < count ? size_divide_up(count - first, period) : 0;
}

/* Every period-th row, from `first` on. */
static struct strided rows_part(const struct strided *grid, size_t first, size_t period)
{
    struct strided part = *grid;
    if (part.data)
        part.data += first * grid->row;
    part.row *= period;
    return part;
}

/* And every period-th column, from `phase` on. */
static struct strided pairs_part(const struct strided *grid, size_t first, size_t phase, size_t period)
{
    struct strided part = rows_part(grid, first, period);
    if (part.data)
        part.data += phase * grid->column;
    part.column *= period;
    return part;
}

/* Every period-th of list[first..), `count` of them. */
static bool list_part(int32_t **part, const int32_t *list, size_t first, size_t count, size_t period,
                      struct error *error)
{
    *part = memory_alloc(count, sizeof **part, error);
    for (size_t i = 0; *part && i < count; i++)
        (*part)[i] = list[first + i * period];
    return *part;
}

static bool rules_part(struct part *part, struct error *error)
{
    const struct rules *whole = &part->whole->head->rules;
    struct rules *rules = &part->head.rules;
    const size_t period = part->period, phase = part->phase, n = part->head.n, m = part->head.m;
    rules->dilation = 0;
    /* differences of positions are multiples of the period */
    rules->left = whole->left >= 0 ? whole->left / (int64_t)period : -1;
    rules->right = whole->right >= 0 ? whole->right / (int64_t)period : -1;
    rules->prefix = every(phase, whole->prefix, period);
    rules->key_length = every(phase, whole->key_length, period);
    rules->mask = pairs_part(&whole->mask, part->first, phase, period);
    rules->key_mask = pairs_part(&whole->key_mask, 0, phase, period);
    if (!whole->query_segment)
        return true;
    if (!list_part(&part->query_segment, whole->query_segment, part->first, n, period, error) ||
        !list_part(&part->key_segment, whole->key_segment, phase, m, period, error))
        return false;
    rules->query_segment = part->query_segment;
    rules->key_segment = part->key_segment;
    return true;
}

/* What is added by distance, at the distances there are: from offset - (m - 1) to offset + n - 1. */
static bool distance_part(struct part *part, struct error *error)
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
    return part->distance;
}

/* Takes rows of the phase, gives rows of the whole. */
static void take_rows(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    const struct part *part = context;
    const struct row_receiver *taker = &part->whole->taker;
    const size_t m = part->whole->head->m;
    float *row = part->rows;
#ifdef _OPENMP
    row += (size_t)omp_get_thread_num() * m;
#endif
    for (size_t r = 0; r < count; r++, weights += stride) {
        const float other = isnan(weights[0]) ? NAN : 0; /* a row that is NaN is NaN everywhere */
        for (size_t j = 0; j < m; j++)
            row[j] = other;
        for (size_t u = 0; u < part->head.m; u++)
            row[part->phase + u * part->period] = weights[u];
        taker->take(taker->context, part->first + (first + r) * part->period, 1, row, m);
    }
}

/* Memory for what the whole wants of the phase. */
static bool job_part(struct part *part, struct error *error)
{
    const struct engine_job *whole = part->whole;
    const struct pooling *pool = &whole->pool;
    struct engine_job *job = &part->job;
    const size_t n = part->head.n, m = part->head.m, period = part->period;
    size_t count;
    *job = (struct engine_job){.head = &part->head, .top_count = whole->top_count};
    if (whole->output) {
        job->output = whole->output + part->first * whole->output_row;
        job->output_row = whole->output_row * period;
    }
    if (whole->taker.take)
        job->taker = (struct row_receiver){take_rows, part};
    if (whole->measures && !(job->measures = part->measures = memory_alloc(n, sizeof *part->measures, error)))
        return false;
    if (whole->top && (!size_multiply(n, whole->top_count, &count) ||
                       !(job->top = part->top = memory_alloc(count, sizeof *part->top, error))))
        return error_memory(error, SIZE_MAX);
    if (!pool->cells)
        return true;
    job->pool =
        (struct pooling){.rows = pool->rows / period, .keys = pool->keys / period, .mean = pool->mean};
    if (!size_multiply(size_divide_up(n, job->pool.rows), size_divide_up(m, job->pool.keys), &count))
        return error_memory(error, SIZE_MAX);
    job->pool.cells = part->cells = memory_alloc(count, sizeof *part->cells, error);
    return part->cells;
}

/* A phase of a job that has queries in it. */
static bool part_make(struct part *part, struct error *error)
{
    const struct head *whole = part->whole->head;
    struct head *head = &part->head;
    *head = *whole;
    head->n = every(part->first, whole->n, part->period);
    head->m = every(part->phase, whole->m, part->period);
    head->offset = ((int64_t)part->first + whole->offset - (int64_t)part->phase) / (int64_t)part->period;
    head->q = rows_part(&whole->q, part->first, part->period);
    head->k = rows_part(&whole->k, part->phase, part->period);
    head->v = rows_part(&whole->v, part->phase, part->period);
    head->bias = pairs_part(&whole->bias, part->first, part->phase, part->period);
    return rules_part(part, error) && distance_part(part, error) && job_part(part, error);
}

static void part_free(struct part *part)
{
    free(part->distance);
    free(part->query_segment);
    free(part->key_segment);
    free(part->measures);
    free(part->top);
    free(part->cells);
}

static size_t key_of_whole(const struct part *part, size_t key)
{
    return key == SIZE_MAX ? SIZE_MAX : part->phase + key * part->period;
}

/* Joins the cells of a phase to those of the whole; a mean counts as many pairs as it is of. */
static void cells_join(const struct part *part)
{
    const struct pooling *pool = &part->whole->pool, *own = &part->job.pool;
    const struct head *whole = part->whole->head, *head = &part->head;
    const size_t width = size_divide_up(whole->m, pool->keys), own_width = size_divide_up(head->m, own->keys);
    for (size_t r = 0; r < size_divide_up(head->n, own->rows); r++) {
        for (size_t c = 0; c < own_width; c++) {
            float *cell = &pool->cells[r * width + c], joined = part->cells[r * own_width + c];
            if (pool->mean) {
                const size_t rows = head->n - r * own->rows, keys = head->m - c * own->keys;
                const size_t all_rows = whole->n - r * pool->rows, all_keys = whole->m - c * pool->keys;
                const double pairs = (double)(rows < own->rows ? rows : own->rows) *
                                     (double)(keys < own->keys ? keys : own->keys);
                const double all = (double)(all_rows < pool->rows ? all_rows : pool->rows) *
                                   (double)(all_keys < pool->keys ? all_keys : pool->keys);
                *cell += (float)((double)joined * (pairs / all));
            } else if (joined > *cell || isnan(joined)) {
                *cell = joined;
            }
        }
        /* a row that is NaN is NaN everywhere, and the phase may have fewer cells */
        for (size_t c = own_width; c < width && isnan(part->cells[r * own_width]); c++)
            pool->cells[r * width + c] = NAN;
    }
}

/* Hands what came out of a phase to the whole. */
static void part_finish(const struct part *part)
{
    const struct engine_job *whole = part->whole;
    for (size_t t = 0; t < part->head.n; t++) {
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
    if (whole->pool.cells)
        cells_join(part);
}

/* The caller counts rows of all phases. */
struct phase_progress {
    const struct engine_options *options;
    size_t before, rows, now;
};

static void phase_progress(void *context, size_t done, size_t rows)
{
    struct phase_progress *p = context;
    (void)rows;
    p->options->progress(p->options->context, p->before + done, p->rows);
}

/* One phase of all jobs. */
static bool phase_run(const struct engine_job *jobs, size_t count, size_t period, size_t phase, float *rows,
                      struct phase_progress *progress, struct error *error)
{
    struct part *parts = memory_zeroed(count, sizeof *parts, error);
    struct engine_job *own = memory_alloc(count, sizeof *own, error);
    struct engine_options options = *progress->options;
    size_t used = 0, n = 0;
    bool ok = parts && own;
    options.progress = options.progress ? phase_progress : NULL;
    options.context = progress;
    for (size_t j = 0; ok && j < count; j++) {
        const int64_t d = (int64_t)period, ahead = ((int64_t)phase - jobs[j].head->offset) % d;
        const size_t first = (size_t)((ahead + d) % d);
        if (first >= jobs[j].head->n)
            continue;
        parts[used] =
            (struct part){.whole = &jobs[j], .period = period, .phase = phase, .first = first, .rows = rows};
        ok = part_make(&parts[used], error);
        own[used] = parts[used].job;
        n += parts[used++].head.n;
    }
    ok = ok && engine_run_with(own, used, &options, error);
    progress->before += n;
    for (size_t j = 0; j < used; j++) {
        if (ok)
            part_finish(&parts[j]);
        part_free(&parts[j]);
    }
    free(parts);
    free(own);
    return ok;
}

bool dilated_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                 struct error *error)
{
    const size_t period = dilated_period(jobs, count);
    struct phase_progress progress = {.options = options};
    size_t longest = 0, room;
    for (size_t j = 0; j < count; j++) {
        const struct engine_job *job = &jobs[j];
        const size_t m = job->head->m;
        progress.rows += job->head->n;
        longest = job->taker.take && m > longest ? m : longest;
        const size_t cells =
            job->pool.cells ? size_divide_up(job->head->n, job->pool.rows) * size_divide_up(m, job->pool.keys)
                            : 0;
        for (size_t c = 0; c < cells; c++)
            job->pool.cells[c] = 0;
    }
    if (!size_multiply(longest, (size_t)engine_threads(options->threads), &room))
        return error_memory(error, SIZE_MAX);
    float *rows = memory_alloc(room, sizeof *rows, error);
    bool ok = rows;
    for (size_t phase = 0; ok && phase < period; phase++)
        ok = phase_run(jobs, count, period, phase, rows, &progress, error);
    free(rows);
    return ok;
}
