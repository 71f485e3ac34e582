/*
 * The runner for few queries over very many keys, as in decoding. A block of the fast runner is one unit of work however
 * many keys it meets, so that few queries are a matter for one thread. Here the keys of a head are cut into segments, each
 * of them is a job for the runners behind, and their results are merged (engine/keys_merge.h).
 *
 * Whether a job is cut, and where, depends on the job alone, and segments are merged in order: the results are the same
 * bytes for any number of threads and any memory_limit, and for the same row of a part of the head. What is held of the
 * segments is the least that is needed, and taken in any case.
 *
 * Source: Dao, Haziza, Massa and Sizov 2023 (Flash-Decoding), cutting the keys.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/workers.h"
#include "engine/block.h"
#include "engine/keys_merge.h"
#include "engine/runner.h"
#include "engine/threads.h"

/* Jobs of more queries, which are several blocks, or of fewer keys are left to the next runner. With one thread, segments
 * take up to a tenth longer than the whole; with two, one head takes little more than half as long, and of 10,000 keys,
 * which are hardly two segments, five sixths. */
#define KEYS_MOST_QUERIES BLOCK
#define KEYS_LEAST ((size_t)16384)

/* Pairs of a head, whose weights may have to be held: jobs of more are left to the next runner. Like the number of queries,
 * it goes by the whole that a job may be a part of, which is to have the same bytes. */
static const double keys_most_pairs = 1 << 22;

/* Keys of a segment, if cells of the pool and blocks allow it. */
#define KEYS_SEGMENT ((size_t)8192)

static size_t greatest_divisor(size_t a, size_t b)
{
    while (b > 0) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The keys that segments must be multiples of, so that no block and no cell lies across two of them. False where there is
 * no such number of keys below `most`. */
static bool segment_step(const struct engine_job *job, size_t most, size_t *step)
{
    const size_t block = job->head->rules.block > 0 ? job->head->rules.block : 1;
    const size_t cell = job->pool.cells ? job->pool.keys : 1;
    return size_multiply(block / greatest_divisor(block, cell), cell, step) && *step < most;
}

/* The keys of a segment of a job; 0: it is not to be cut. */
static size_t segment_length(const struct engine_job *job)
{
    const struct head *head = job->head;
    size_t step;
    if (head_whole_n(head) > KEYS_MOST_QUERIES || head->m < KEYS_LEAST ||
        (double)head_whole_n(head) * (double)head->m > keys_most_pairs ||
        head->normalizer != NORMALIZER_SOFTMAX || head->top_k > 0 || head->dropout > 0)
        return 0;
    /* The fast runner counts ALiBi from the nearest key that a row may attend to, which differs from segment to segment. */
    if (head->slope != 0 || !segment_step(job, head->m, &step))
        return 0;
    return step < KEYS_SEGMENT ? KEYS_SEGMENT / step * step : step;
}

/* Of the heaviest keys of a row: those of a segment are no more than it has. */
static size_t segment_top_count(const struct engine_job *job, size_t length)
{
    return job->top_count < length ? job->top_count : length;
}

/* The bytes that are held of a job until its segments are merged, as cut_alloc takes them. */
static double held_bytes(const struct engine_job *job, size_t length)
{
    const double n = (double)job->head->n, m = (double)job->head->m;
    const double rows = n * ceil(m / (double)length);
    double bytes = rows * (sizeof(struct row_measures) + sizeof(struct keys_share));
    if (job->output)
        bytes += rows * (double)job->head->d_v * sizeof(float);
    if (job->receiver.receive)
        bytes += n * m * sizeof(float);
    if (job->pool.cells)
        bytes += n * ceil(m / (double)job->pool.keys) * sizeof(float);
    if (job->top)
        bytes += rows * (double)segment_top_count(job, length) * sizeof(struct row_key);
    return bytes;
}

/* Each job is cut or not by itself, whatever stands beside it. */
static bool keys_fits(const struct engine_job *jobs, size_t count, const struct engine_options *options)
{
    bool any = false;
    for (size_t j = 0; j < count && !any; j++)
        any = segment_length(&jobs[j]) > 0;
    return any && runner_fast.fits(jobs, count, options);
}

/* The receiver of a segment: keeps its rows until their shares are known. */
static void segment_receive(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    const struct keys_segment *segment = context;
    const size_t m = segment->cut->whole->head->m;
    float *to = segment->cut->rows + first * m + segment->first;
    for (size_t r = 0; r < count; r++)
        memcpy(to + r * m, weights + r * stride, segment->head.m * sizeof *to);
}

/* Takes the memory for the results of all segments, which are fewer numbers than k and v and the pairs that keys_fits allows. */
static bool cut_alloc(struct keys_cut *cut, struct error *error)
{
    const struct engine_job *whole = cut->whole;
    const size_t n = whole->head->n, m = whole->head->m, rows = cut->count * n;
    cut->segments = memory_zeroed(cut->count, sizeof *cut->segments, error);
    cut->measures = memory_alloc(rows, sizeof *cut->measures, error);
    cut->shares = memory_alloc(rows, sizeof *cut->shares, error);
    if (whole->output)
        cut->outputs = memory_alloc(rows * whole->head->d_v, sizeof *cut->outputs, error);
    if (whole->top)
        cut->top = memory_alloc(rows * cut->top_count, sizeof *cut->top, error);
    if (whole->receiver.receive)
        cut->rows = memory_alloc(n * m, sizeof *cut->rows, error);
    if (whole->pool.cells)
        cut->cells = memory_alloc(n * size_divide_up(m, whole->pool.keys), sizeof *cut->cells, error);
    return cut->segments && cut->measures && cut->shares && (cut->outputs || !whole->output) &&
           (cut->top || !whole->top) && (cut->rows || !whole->receiver.receive) &&
           (cut->cells || !whole->pool.cells);
}

/* Makes segment `index` and its job. The sink joins when segments are merged. */
static struct engine_job segment_make(struct keys_cut *cut, size_t index)
{
    const struct engine_job *whole = cut->whole;
    const size_t n = whole->head->n, m = whole->head->m, d_v = whole->head->d_v, first = index * cut->length;
    struct keys_segment *segment = &cut->segments[index];
    *segment = (struct keys_segment){.cut = cut, .first = first};
    segment->head = head_keys(whole->head, first, m - first < cut->length ? m - first : cut->length);
    segment->head.has_sink = false;
    struct engine_job job = {
        .head = &segment->head, .measures = cut->measures + index * n, .wants_scores = whole->wants_scores};
    if (cut->outputs) {
        job.output = cut->outputs + index * n * d_v;
        job.output_row = d_v;
    }
    if (cut->rows)
        job.receiver = (struct row_receiver){.receive = segment_receive, .context = segment};
    if (cut->top) {
        job.top = cut->top + index * n * cut->top_count;
        job.top_count = cut->top_count;
    }
    if (cut->cells) {
        /* Rows of a cell that have other shares are not to be pooled before. */
        segment->width = size_divide_up(segment->head.m, whole->pool.keys);
        segment->cells = cut->cells + first / whole->pool.keys * n;
        job.pool = (struct pooling){
            .cells = segment->cells, .rows = 1, .keys = whole->pool.keys, .mean = whole->pool.mean};
    }
    return job;
}

static void cut_free(struct keys_cut *cut)
{
    free(cut->segments);
    free(cut->measures);
    free(cut->outputs);
    free(cut->rows);
    free(cut->cells);
    free(cut->top);
    free(cut->shares);
}

static void row_merge(void *context, int worker, size_t row)
{
    (void)worker;
    if (!keys_row_is_broken(context, row))
        keys_row_merge(context, row);
}

/* A row of a job, for its receiver. */
struct keys_single {
    const struct row_receiver *receiver;
    size_t row;
};

static void single_receive(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    const struct keys_single *single = context;
    (void)first; /* there is one row */
    single->receiver->receive(single->receiver->context, single->row, count, weights, stride);
}

/* Computes a row that is broken anew, over all keys at once: what is NaN is then as the next runner has it. */
static bool row_run_whole(const struct keys_cut *cut, size_t row, const struct engine_options *options,
                          const struct runner *const *next, struct error *error)
{
    const struct engine_job *whole = cut->whole;
    const struct pooling *pool = &whole->pool;
    const struct head head = head_part(whole->head, row, 1);
    struct keys_single single = {&whole->receiver, row};
    struct engine_job job = {
        .head = &head, .wants_scores = whole->wants_scores, .top_count = whole->top_count};
    const size_t width = pool->cells ? size_divide_up(head.m, pool->keys) : 0;
    float *cells = memory_alloc(width, sizeof *cells, error);
    if (whole->output)
        job.output = whole->output + row * whole->output_row;
    if (whole->receiver.receive)
        job.receiver = (struct row_receiver){.receive = single_receive, .context = &single};
    if (whole->measures)
        job.measures = whole->measures + row;
    if (whole->top)
        job.top = whole->top + row * whole->top_count;
    if (pool->cells)
        job.pool = (struct pooling){.cells = cells, .rows = 1, .keys = pool->keys, .mean = pool->mean};
    const bool ok = cells && runner_run(next, &job, 1, options, error);
    if (ok && pool->cells)
        keys_cells_join(whole, row, 0, cells, width, 1);
    free(cells);
    return ok;
}

/* Writes the results of a job, whose segments have run. Each row is the same by whichever thread. */
static bool cut_finish(struct keys_cut *cut, const struct engine_options *options,
                       const struct runner *const *next, struct error *error)
{
    const struct engine_job *whole = cut->whole;
    const size_t n = whole->head->n;
    const double numbers = whole->receiver.receive ? (double)n * (double)whole->head->m : 0;
    struct engine_options quiet = *options;
    quiet.progress = NULL; /* it has heard of all of the work */
    workers_run_on(engine_threads_for(options->threads, numbers, n), n, row_merge, cut);
    bool ok = true;
    for (size_t row = 0; ok && row < n; row++) {
        if (keys_row_is_broken(cut, row))
            ok = row_run_whole(cut, row, &quiet, next, error);
        else if (whole->pool.cells)
            keys_cells_merge(cut, row);
    }
    return ok;
}

/* The options for the segments: less memory, if it is limited. */
static struct engine_options options_behind(const struct engine_options *options, double held)
{
    struct engine_options behind = *options;
    const size_t bytes = (size_t)held;
    if (options->memory_limit > 0)
        behind.memory_limit = options->memory_limit > bytes ? options->memory_limit - bytes : 1;
    return behind;
}

/* Makes the jobs for the runners behind: the segments of each job that is cut, and the other jobs as they are. Returns how
 * many they are. */
static size_t parts_make(struct engine_job *parts, struct keys_cut *cuts, size_t count)
{
    size_t used = 0;
    for (size_t j = 0; j < count; j++) {
        for (size_t s = 0; s < cuts[j].count; s++)
            parts[used++] = segment_make(&cuts[j], s);
        if (cuts[j].count == 0)
            parts[used++] = *cuts[j].whole;
    }
    return used;
}

static bool keys_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                     const struct runner *const *next, struct error *error)
{
    struct keys_cut *cuts = memory_zeroed(count, sizeof *cuts, error);
    size_t all = 0;
    double held = 0;
    bool ok = cuts;
    for (size_t j = 0; ok && j < count; j++) {
        const size_t length = segment_length(&jobs[j]);
        cuts[j].whole = &jobs[j];
        all += 1;
        if (length == 0)
            continue;
        cuts[j].length = length;
        cuts[j].count = size_divide_up(jobs[j].head->m, length);
        cuts[j].top_count = segment_top_count(&jobs[j], length);
        all += cuts[j].count;
        held += held_bytes(&jobs[j], length);
        ok = cut_alloc(&cuts[j], error);
    }
    const struct engine_options behind = options_behind(options, held);
    struct engine_job *parts = ok ? memory_alloc(all, sizeof *parts, error) : NULL;
    ok = parts && runner_run(next, parts, parts_make(parts, cuts, count), &behind, error);
    for (size_t j = 0; ok && j < count; j++)
        ok = cuts[j].count == 0 || cut_finish(&cuts[j], options, next, error);
    for (size_t j = 0; cuts && j < count; j++)
        cut_free(&cuts[j]);
    free(cuts);
    free(parts);
    return ok;
}

const struct runner runner_keys = {.fits = keys_fits, .run = keys_run};
