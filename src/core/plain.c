#include "core/plain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/memory.h"
#include "core/recurrence.h"
#include "core/reference.h"

/* Rows that a thread takes at once, where a row of the pool is not taller. */
enum { UNIT_ROWS = 16 };

/* What one thread works with. */
struct space {
    double *row, *spare; /* m each */
    double *output;      /* d_v */
    float *weights;      /* m */
};

static size_t ceil_divide(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

static size_t unit_rows(const struct engine_job *job)
{
    if (job->head->recurrent.rule != RECURRENCE_NONE)
        return job->head->n; /* every row goes on from the one before */
    return job->pool.cells ? job->pool.rows : UNIT_ROWS;
}

static size_t unit_count(const struct engine_job *job)
{
    return ceil_divide(job->head->n, unit_rows(job));
}

static void space_free(struct space *space)
{
    free(space->row);
    free(space->spare);
    free(space->output);
    free(space->weights);
}

static bool space_make(struct space *space, const struct engine_job *jobs, size_t count, struct error *error)
{
    size_t m = 1, d_v = 1;
    for (size_t i = 0; i < count; i++) {
        m = jobs[i].head->m > m ? jobs[i].head->m : m;
        d_v = jobs[i].head->d_v > d_v ? jobs[i].head->d_v : d_v;
    }
    *space = (struct space){.row = memory_take(m, sizeof *space->row, error),
                            .spare = memory_take(m, sizeof *space->spare, error),
                            .output = memory_take(d_v, sizeof *space->output, error),
                            .weights = memory_take(m, sizeof *space->weights, error)};
    return space->row && space->spare && space->output && space->weights;
}

/* The heaviest keys of a row, heaviest first, ties by key. */
static void take_top(struct row_key *top, size_t count, const float *weights, size_t m)
{
    for (size_t t = 0; t < count; t++)
        top[t] = (struct row_key){0, SIZE_MAX};
    for (size_t j = 0; j < m; j++) {
        if (!(weights[j] > top[count - 1].weight))
            continue;
        size_t t = count - 1;
        for (; t > 0 && weights[j] > top[t - 1].weight; t--)
            top[t] = top[t - 1];
        top[t] = (struct row_key){weights[j], j};
    }
}

/* Joins a row to its cells; a NaN stays. */
static void pool_row(const struct engine_job *job, size_t i, const float *weights)
{
    const struct pooling *pool = &job->pool;
    const size_t m = job->head->m, n = job->head->n, width = ceil_divide(m, pool->keys);
    float *cells = pool->cells + i / pool->rows * width;
    const size_t left = n - i / pool->rows * pool->rows, rows = left < pool->rows ? left : pool->rows;
    for (size_t c = 0; c < width; c++) {
        const size_t first = c * pool->keys, keys = m - first < pool->keys ? m - first : pool->keys;
        double joined = 0;
        for (size_t j = first; j < first + keys; j++)
            joined = pool->mean ? joined + (double)weights[j] / ((double)rows * (double)keys)
                     : (double)weights[j] > joined || isnan(weights[j]) ? (double)weights[j]
                                                                        : joined;
        if (pool->mean)
            cells[c] += (float)joined;
        else if (joined > (double)cells[c] || isnan(joined))
            cells[c] = (float)joined;
    }
}

/* A row of weights, to all who want it. */
static void row_done(const struct engine_job *job, size_t i, const double *row, float *weights)
{
    const struct head *head = job->head;
    for (size_t j = 0; j < head->m; j++)
        weights[j] = (float)row[j];
    if (job->taker.take)
        job->taker.take(job->taker.context, i, 1, weights, head->m);
    if (job->measures)
        job->measures[i] = measures_row(weights, head->m, (double)head->offset + (double)i);
    if (job->top)
        take_top(job->top + i * job->top_count, job->top_count, weights, head->m);
    if (job->pool.cells)
        pool_row(job, i, weights);
}

struct recurrent_context {
    const struct engine_job *job;
    float *weights;
};

static void recurrent_row(void *context, size_t i, const double *row)
{
    const struct recurrent_context *to = context;
    row_done(to->job, i, row, to->weights);
}

/* Rows [first, end) of a job. */
static bool unit_run(const struct engine_job *job, size_t first, size_t end, const struct space *space,
                     struct error *error)
{
    const struct head *head = job->head;
    if (job->pool.cells) {
        size_t width = ceil_divide(head->m, job->pool.keys);
        memset(job->pool.cells + first / job->pool.rows * width, 0,
               ceil_divide(end - first, job->pool.rows) * width * sizeof *job->pool.cells);
    }
    if (head->recurrent.rule != RECURRENCE_NONE) {
        struct recurrent_context context = {job, space->weights};
        bool wanted = job->taker.take || job->measures || job->top || job->pool.cells;
        return recurrence_run(head, job->output, job->output_row, wanted ? recurrent_row : NULL, &context,
                              error);
    }
    for (size_t i = first; i < end; i++) {
        reference_row(head, i, STAGE_WEIGHTS, space->row, space->spare);
        row_done(job, i, space->row, space->weights);
        if (!job->output)
            continue;
        reference_output(head, i, space->row, space->output);
        for (size_t c = 0; c < head->d_v; c++)
            job->output[i * job->output_row + c] = (float)space->output[c];
    }
    return true;
}

bool plain_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
               struct error *error)
{
    size_t units = 0, rows = 0, rows_done = 0;
    double work = 0;
    for (size_t i = 0; i < count; i++) {
        units += unit_count(&jobs[i]);
        rows += jobs[i].head->n;
        work += (double)jobs[i].head->n * (double)jobs[i].head->m;
    }
    int threads = work > 10000 ? engine_threads(options->threads) : 1;
    threads = (size_t)threads < units ? threads : units > 0 ? (int)units : 1;
    bool ok = true;
#pragma omp parallel num_threads(threads) reduction(&& : ok)
    {
        struct space space;
        struct error own = {0};
        ok = space_make(&space, jobs, count, &own);
#pragma omp for schedule(dynamic)
        for (size_t u = units; u > 0; u--) {
            const struct engine_job *job = jobs;
            size_t index = u - 1, done;
            if (!ok)
                continue;
            for (; index >= unit_count(job); job++)
                index -= unit_count(job);
            size_t first = index * unit_rows(job), n = job->head->n;
            size_t end = n - first < unit_rows(job) ? n : first + unit_rows(job);
            ok = unit_run(job, first, end, &space, &own);
#pragma omp atomic capture
            done = rows_done += end - first;
            int thread = 0;
#ifdef _OPENMP
            thread = omp_get_thread_num();
#endif
            if (options->progress && thread == 0)
                options->progress(options->context, done, rows);
        }
        if (!ok)
#pragma omp critical
            error_set(error, own.kind, "%s", own.message);
        space_free(&space);
    }
    return ok;
}
