#include "engine/plain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "attention/mask.h"
#include "attention/recurrence.h"
#include "attention/reference.h"
#include "base/memory.h"

/* Rows that a thread takes at once, where a row of the pool is not taller. */
enum { UNIT_ROWS = 16 };

/* What one thread works with. */
struct space {
    struct reference_room made; /* m each */
    double *output;             /* d_v */
    float *weights;             /* m: what was made, as everybody else has it */
};

static size_t unit_rows(const struct engine_job *job)
{
    if (job->head->recurrent.rule != RECURRENCE_NONE)
        return job->head->n; /* every row goes on from the one before */
    return job->pool.cells ? job->pool.rows : UNIT_ROWS;
}

static size_t unit_count(const struct engine_job *job)
{
    return size_divide_up(job->head->n, unit_rows(job));
}

static void space_free(struct space *space)
{
    free(space->made.row);
    free(space->made.keys);
    free(space->made.sorted);
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
    struct reference_room *made = &space->made;
    *space = (struct space){.made.row = memory_alloc(m, sizeof *made->row, error),
                            .made.keys = memory_alloc(m, sizeof *made->keys, error),
                            .made.sorted = memory_alloc(m, sizeof *made->sorted, error),
                            .output = memory_alloc(d_v, sizeof *space->output, error),
                            .weights = memory_alloc(m, sizeof *space->weights, error)};
    return made->row && made->keys && made->sorted && space->output && space->weights;
}

/* The heaviest of the keys that a row may look at, heaviest first, ties by key. */
static void take_top(struct row_key *top, size_t count, const struct space *space)
{
    for (size_t t = 0; t < count; t++)
        top[t] = (struct row_key){-INFINITY, SIZE_MAX};
    for (size_t s = 0; s < space->made.key_count; s++) {
        const size_t j = space->made.keys[s];
        const float weight = space->weights[j];
        if (!(weight > top[count - 1].weight))
            continue;
        size_t t = count - 1;
        for (; t > 0 && weight > top[t - 1].weight; t--)
            top[t] = top[t - 1];
        top[t] = (struct row_key){weight, j};
    }
    for (size_t t = 0; t < count; t++)
        if (top[t].key == SIZE_MAX)
            top[t].weight = 0;
}

/* The cells of rows [first, end) before anything was joined to them; what is the largest of nothing is 0 in
 * the end. */
static void pool_begin(const struct engine_job *job, size_t first, size_t end)
{
    const struct pooling *pool = &job->pool;
    const size_t width = size_divide_up(job->head->m, pool->keys);
    for (size_t c = first / pool->rows * width; c < size_divide_up(end, pool->rows) * width; c++)
        pool->cells[c] = pool->mean ? 0 : -INFINITY;
}

static void pool_end(const struct engine_job *job, size_t first, size_t end)
{
    const struct pooling *pool = &job->pool;
    const size_t width = size_divide_up(job->head->m, pool->keys);
    for (size_t c = first / pool->rows * width; c < size_divide_up(end, pool->rows) * width; c++)
        if (pool->cells[c] == -INFINITY)
            pool->cells[c] = 0;
}

/* Joins what a row may look at to its cells; a NaN stays. */
static void pool_row(const struct engine_job *job, size_t i, const struct space *space)
{
    const struct pooling *pool = &job->pool;
    const struct reference_room *made = &space->made;
    const size_t m = job->head->m, n = job->head->n, width = size_divide_up(m, pool->keys);
    float *cells = pool->cells + i / pool->rows * width;
    const size_t left = n - i / pool->rows * pool->rows, rows = left < pool->rows ? left : pool->rows;
    for (size_t s = 0; s < made->key_count;) {
        const size_t c = made->keys[s] / pool->keys, first = c * pool->keys;
        const size_t keys = m - first < pool->keys ? m - first : pool->keys;
        double sum = 0;
        float largest = -INFINITY;
        for (; s < made->key_count && made->keys[s] - first < keys; s++) {
            const float weight = space->weights[made->keys[s]];
            sum += (double)weight / ((double)rows * (double)keys);
            largest = weight > largest ? weight : largest;
        }
        if (pool->mean)
            cells[c] += (float)sum;
        else if (largest > cells[c])
            cells[c] = largest;
    }
    for (size_t j = 0; j < m; j++)
        if (isnan(space->weights[j]))
            cells[j / pool->keys] = NAN;
}

/* A row of weights that was made, to all who want it. */
static void row_done(const struct engine_job *job, size_t i, const struct space *space)
{
    const struct head *head = job->head;
    const struct reference_room *made = &space->made;
    for (size_t j = 0; j < head->m; j++)
        space->weights[j] = (float)made->row[j];
    if (job->taker.take)
        job->taker.take(job->taker.context, i, 1, space->weights, head->m);
    if (job->measures)
        job->measures[i] =
            measures_row(space->weights, made->keys, made->key_count, (double)head->offset + (double)i,
                         head->recurrent.rule == RECURRENCE_NONE);
    if (job->top)
        take_top(job->top + i * job->top_count, job->top_count, space);
    if (job->pool.cells)
        pool_row(job, i, space);
}

struct recurrent_context {
    const struct engine_job *job;
    struct space *space;
};

static void recurrent_row(void *context, size_t i, const double *row)
{
    const struct recurrent_context *to = context;
    struct reference_room *made = &to->space->made;
    memcpy(made->row, row, to->job->head->m * sizeof *row);
    made->key_count = mask_keys(to->job->head, i, made->keys);
    row_done(to->job, i, to->space);
}

/* Rows [first, end) of a job, one after the other. */
static bool rows_run(const struct engine_job *job, size_t first, size_t end, struct space *space,
                     struct error *error)
{
    const struct head *head = job->head;
    if (head->recurrent.rule != RECURRENCE_NONE) {
        struct recurrent_context context = {job, space};
        bool wanted = job->taker.take || job->measures || job->top || job->pool.cells;
        return recurrence_run(head, job->output, job->output_row, wanted ? recurrent_row : NULL, &context,
                              error);
    }
    for (size_t i = first; i < end; i++) {
        reference_row(head, i, STAGE_WEIGHTS, &space->made);
        row_done(job, i, space);
        if (!job->output)
            continue;
        reference_output(head, &space->made, space->output);
        for (size_t c = 0; c < head->d_v; c++)
            job->output[i * job->output_row + c] = (float)space->output[c];
    }
    return true;
}

/* The same, with whole rows of the pool. */
static bool unit_run(const struct engine_job *job, size_t first, size_t end, struct space *space,
                     struct error *error)
{
    if (job->pool.cells)
        pool_begin(job, first, end);
    bool ok = rows_run(job, first, end, space, error);
    if (job->pool.cells)
        pool_end(job, first, end);
    return ok;
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
