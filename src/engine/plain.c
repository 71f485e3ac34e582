/*
 * The plain runner: row by row with the double-precision reference, for the forms of attention that the fast
 * runner does not have. A thread holds a few rows. memory_limit is ignored: a receiver gets one row at a
 * time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/mask.h"
#include "attention/recurrence.h"
#include "attention/reference.h"
#include "base/memory.h"
#include "base/workers.h"
#include "engine/report.h"
#include "engine/runner.h"
#include "engine/threads.h"
#include "engine/units.h"

/* Rows dealt out at once, if a row of the pool is not taller. */
enum { PLAIN_UNIT_ROWS = 16 };

/* Rows after which it is said how far the work is: few, for one of a million keys takes a tenth of a second. */
enum { PLAIN_REPORT_ROWS = 4 };

/* The memory of one thread. */
struct plain_space {
    struct reference_room room; /* m each */
    double *output;             /* d_v */
    float *weights;             /* m: those of the room in float32 */
};

static const char *plain_name(void)
{
    return "plain";
}

static bool plain_fits(const struct engine_job *jobs, size_t count, const struct engine_options *options)
{
    (void)jobs;
    (void)count;
    (void)options;
    return true;
}

static size_t plain_unit_rows(const struct engine_job *job)
{
    if (job->head->recurrent.rule != RECURRENCE_NONE)
        return job->head->n; /* every row goes on from the one before */
    return job->pool.cells ? job->pool.rows : PLAIN_UNIT_ROWS;
}

static size_t plain_unit_count(const struct engine_job *job)
{
    return size_divide_up(job->head->n, plain_unit_rows(job));
}

static void plain_space_free(struct plain_space *space)
{
    free(space->room.row);
    free(space->room.keys);
    free(space->room.sorted);
    free(space->room.second);
    free(space->output);
    free(space->weights);
}

static bool plain_space_make(struct plain_space *space, const struct engine_job *jobs, size_t count,
                             struct error *error)
{
    size_t m = 1, d_v = 1;
    for (size_t i = 0; i < count; i++) {
        m = jobs[i].head->m > m ? jobs[i].head->m : m;
        d_v = jobs[i].head->d_v > d_v ? jobs[i].head->d_v : d_v;
    }
    struct reference_room *room = &space->room;
    *space = (struct plain_space){.room.row = memory_alloc(m, sizeof *room->row, error),
                                  .room.keys = memory_alloc(m, sizeof *room->keys, error),
                                  .room.sorted = memory_alloc(m, sizeof *room->sorted, error),
                                  .room.second = memory_alloc(m, sizeof *room->second, error),
                                  .output = memory_alloc(d_v, sizeof *space->output, error),
                                  .weights = memory_alloc(m, sizeof *space->weights, error)};
    return room->row && room->keys && room->sorted && room->second && space->output && space->weights;
}

/* The heaviest of the keys that a row may attend to, heaviest first, ties by key. */
static void plain_top(struct row_key *top, size_t count, const struct plain_space *space)
{
    for (size_t t = 0; t < count; t++)
        top[t] = (struct row_key){-INFINITY, SIZE_MAX};
    for (size_t s = 0; s < space->room.key_count; s++) {
        const size_t j = space->room.keys[s];
        const float weight = space->weights[j];
        if (weight != 0)
            row_key_insert(top, count, (struct row_key){weight, j});
    }
    for (size_t t = 0; t < count; t++)
        if (top[t].key == SIZE_MAX)
            top[t].weight = 0;
}

/* Sets the cells of rows [first, end) to the sum, or the largest, of no weights. */
static void pool_begin(const struct engine_job *job, size_t first, size_t end)
{
    const struct pooling *pool = &job->pool;
    const size_t width = size_divide_up(job->head->m, pool->keys);
    for (size_t c = first / pool->rows * width; c < size_divide_up(end, pool->rows) * width; c++)
        pool->cells[c] = pool->mean ? 0 : -INFINITY;
}

/* The largest of no weights becomes 0. */
static void pool_end(const struct engine_job *job, size_t first, size_t end)
{
    const struct pooling *pool = &job->pool;
    const size_t width = size_divide_up(job->head->m, pool->keys);
    for (size_t c = first / pool->rows * width; c < size_divide_up(end, pool->rows) * width; c++)
        if (pool->cells[c] == -INFINITY)
            pool->cells[c] = 0;
}

/* Adds the weights of a row to its cells. A NaN stays. */
static void pool_row(const struct engine_job *job, size_t i, const struct plain_space *space)
{
    const struct pooling *pool = &job->pool;
    const struct reference_room *room = &space->room;
    const size_t m = job->head->m, n = job->head->n, width = size_divide_up(m, pool->keys);
    float *cells = pool->cells + i / pool->rows * width;
    const size_t left = n - i / pool->rows * pool->rows, rows = left < pool->rows ? left : pool->rows;
    for (size_t s = 0; s < room->key_count;) {
        const size_t c = room->keys[s] / pool->keys, first = c * pool->keys;
        const size_t keys = m - first < pool->keys ? m - first : pool->keys;
        double sum = 0;
        float largest = -INFINITY;
        for (; s < room->key_count && room->keys[s] - first < keys; s++) {
            const float weight = space->weights[room->keys[s]];
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

/* Writes the results of a row, but the output, from its weights. */
static void row_deliver(const struct engine_job *job, size_t i, const struct plain_space *space)
{
    const struct head *head = job->head;
    const struct reference_room *room = &space->room;
    for (size_t j = 0; j < head->m; j++)
        space->weights[j] = (float)room->row[j];
    if (job->receiver.receive)
        job->receiver.receive(job->receiver.context, i, 1, space->weights, head->m);
    if (job->measures) {
        job->measures[i] = measures_row(space->weights, room->keys, room->key_count,
                                        (double)head->offset + (double)i, head_is_distribution(head));
        job->measures[i].is_filled = head->has_fill && room->is_empty;
        if (job->measures[i].is_filled && isnan(head->fill))
            job->measures[i].max = NAN;
        job->measures[i].score = head->recurrent.rule == RECURRENCE_NONE ? room->largest : 0;
        if (room->scores && !isnan(job->measures[i].max))
            job->measures[i].scores = *room->scores;
    }
    if (job->top)
        plain_top(job->top + i * job->top_count, job->top_count, space);
    if (job->pool.cells)
        pool_row(job, i, space);
}

struct recurrent_context {
    const struct engine_job *job;
    struct plain_space *space;
};

/* The recurrence_receiver. */
static void recurrent_row(void *context, size_t i, const double *row)
{
    const struct recurrent_context *to = context;
    struct reference_room *room = &to->space->room;
    memcpy(room->row, row, to->job->head->m * sizeof *row);
    room->key_count = mask_keys(to->job->head, i, room->keys);
    row_deliver(to->job, i, to->space);
}

/* Computes rows [first, end) of a job. */
static bool rows_run(const struct engine_job *job, size_t first, size_t end, struct plain_space *space,
                     struct error *error)
{
    const struct head *head = job->head;
    if (head->recurrent.rule != RECURRENCE_NONE) {
        struct recurrent_context context = {job, space};
        space->room.scores = NULL;
        bool wanted = job->receiver.receive || job->measures || job->top || job->pool.cells;
        return recurrence_run(head, job->output, job->output_row, wanted ? recurrent_row : NULL, &context,
                              error);
    }
    struct score_sums scores;
    space->room.scores = job->wants_scores ? &scores : NULL;
    for (size_t i = first; i < end; i++) {
        reference_row(head, i, STAGE_WEIGHTS, &space->room);
        row_deliver(job, i, space);
        if (!job->output)
            continue;
        reference_output(head, &space->room, space->output);
        for (size_t c = 0; c < head->d_v; c++)
            job->output[i * job->output_row + c] = (float)space->output[c];
    }
    return true;
}

/* The same, where [first, end) are whole rows of the pool. */
static bool plain_unit_run(const struct engine_job *job, size_t first, size_t end, struct plain_space *space,
                           struct report *report, struct error *error)
{
    const size_t step = job->head->recurrent.rule != RECURRENCE_NONE ? end - first : PLAIN_REPORT_ROWS;
    bool ok = true;
    if (job->pool.cells)
        pool_begin(job, first, end);
    for (size_t i = first; ok && i < end; i += step) {
        const size_t rows = end - i < step ? end - i : step;
        ok = rows_run(job, i, i + rows, space, error);
        report_rows(report, job->head, i, rows);
    }
    if (job->pool.cells)
        pool_end(job, first, end);
    return ok;
}

/* All that runs together. */
struct plain_work {
    const struct engine_job *jobs;
    size_t count;
    struct units units;
    struct plain_space *spaces; /* one a thread, made with its first unit */
    struct report report;
};

/* Backwards, as the fast runner does it. */
static bool plain_unit_work(void *context, int worker, size_t unit, struct error *error)
{
    struct plain_work *work = context;
    struct plain_space *space = &work->spaces[worker];
    size_t index;
    const size_t from_end = units_count(&work->units) - 1 - unit;
    const struct engine_job *job = &work->jobs[units_job(&work->units, from_end, &index)];
    const size_t first = index * plain_unit_rows(job), n = job->head->n;
    const size_t end = n - first < plain_unit_rows(job) ? n : first + plain_unit_rows(job);
    if (!space->weights && !plain_space_make(space, work->jobs, work->count, error))
        return false;
    return plain_unit_run(job, first, end, space, &work->report, error);
}

static bool plain_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                      const struct runner *const *next, struct error *error)
{
    (void)next;
    struct plain_work all = {.jobs = jobs, .count = count};
    double work = 0;
    if (!units_make(&all.units, count, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        units_add(&all.units, plain_unit_count(&jobs[i]));
        work += (double)jobs[i].head->n * (double)jobs[i].head->m;
    }
    const size_t units = units_count(&all.units);
    int threads = work > 10000 ? engine_threads(options->threads) : 1;
    threads = (size_t)threads < units ? threads : units > 0 ? (int)units : 1;
    report_begin(&all.report, options, jobs, count);
    all.spaces = memory_zeroed((size_t)threads, sizeof *all.spaces, error);
    const bool ok = all.spaces && workers_try(threads, units, plain_unit_work, &all, error);
    for (int i = 0; i < threads && all.spaces; i++)
        plain_space_free(&all.spaces[i]);
    free(all.spaces);
    units_free(&all.units);
    return ok;
}

const struct runner runner_plain = {.name = plain_name, .fits = plain_fits, .run = plain_run};
