/*
 * The runner for few queries over very many keys, as in decoding. A block of the fast runner is one unit of work however
 * many keys it meets, so that few queries are a matter for one thread. Here the keys of a head are cut into segments, each
 * of them is a job for the runners behind, and their results are merged. The softmax over all keys follows from those over
 * the segments: with L_s the logarithm of the sum of e^score in segment s, and L that over all keys, weights and output of
 * segment s count for e^(L_s - L).
 *
 * Whether a job is cut, and where, depends on the job alone, and segments are merged in order: the results are the same
 * bytes for any number of threads and any memory_limit, and for the same row of a part of the head. What is held of the segments is the least that is needed, and
 * taken in any case.
 *
 * Sources: Milakov and Gimelshein 2018 (arXiv:1805.02867) section 3.1, how partial sums are merged; Dao, Haziza, Massa and
 * Sizov 2023 (Flash-Decoding), cutting the keys; the sink, which is one term more: attention/head.h.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/workers.h"
#include "engine/block.h"
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

/* A job that is cut. The arrays are owned; those of results that the whole does not want are NULL. */
struct keys_cut {
    const struct engine_job *whole;
    size_t length, count;          /* keys of a segment, the last one may be shorter; segments */
    struct keys_segment *segments; /* count */
    struct row_measures *measures; /* count×n */
    float *outputs;                /* count×n×d_v */
    float *rows;                   /* n×m: weights, at first relative to their segments */
    float *cells;                  /* of each segment n×its cells, one row of cells a query */
    struct row_key *top;           /* count×n×top_count */
    size_t top_count;              /* of the whole, or as many as a segment has */
    struct keys_share *shares;     /* n×count, once the segments have run */
};

/* What a segment is of a row of the whole: the weight of its heaviest key there, and of all its keys. */
struct keys_share {
    double peak, all;
};

/* A segment of the keys of a job. */
struct keys_segment {
    struct keys_cut *cut;
    size_t first; /* its key 0, in the whole */
    struct head head;
    float *cells; /* n×cells: borrowed from the cut */
    size_t width; /* cells of a row */
};

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
    struct engine_job job = {.head = &segment->head, .measures = cut->measures + index * n};
    if (cut->outputs) {
        job.output = cut->outputs + index * n * d_v;
        job.output_row = d_v;
    }
    if (cut->rows)
        job.receiver = (struct row_receiver){segment_receive, segment};
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

static const struct row_measures *segment_measures(const struct keys_cut *cut, size_t s, size_t row)
{
    return &cut->measures[s * cut->whole->head->n + row];
}

static struct keys_share *segment_share(const struct keys_cut *cut, size_t s, size_t row)
{
    return &cut->shares[row * cut->count + s];
}

/* Whether a row is NaN in a segment. In the whole it need not be: a segment of which it sees but scores of -infinity cannot
 * tell their weights. */
static bool row_is_broken(const struct keys_cut *cut, size_t row)
{
    for (size_t s = 0; s < cut->count; s++)
        if (isnan(segment_measures(cut, s, row)->max))
            return true;
    return false;
}

/* A row over all of its keys. */
struct keys_row {
    double score;   /* the largest, with the sink; -infinity: there is none */
    double log_sum; /* of e^(score - the largest), with that of the sink */
    size_t best;    /* the first segment with the largest score of a key; SIZE_MAX: it sees no key */
};

/* Finds what a row has in all, and the share of each segment. Scores are compared as differences from the largest: a
 * logarithm beside a large score (torch.finfo(float32).min in a bias) would be lost. */
static struct keys_row row_make(const struct keys_cut *cut, size_t row)
{
    const struct head *head = cut->whole->head;
    struct keys_row of = {.score = head->has_sink ? head->sink : -INFINITY, .best = SIZE_MAX};
    double best = -INFINITY, sum = 0;
    for (size_t s = 0; s < cut->count; s++) {
        const struct row_measures *measures = segment_measures(cut, s, row);
        if (measures->argmax == SIZE_MAX || !(measures->score > best))
            continue;
        best = measures->score;
        of.best = s;
    }
    of.score = best > of.score ? best : of.score;
    if (head->has_sink)
        sum = exp(head->sink - of.score);
    for (size_t s = 0; s < cut->count; s++) {
        const struct row_measures *measures = segment_measures(cut, s, row);
        struct keys_share *share = segment_share(cut, s, row);
        *share = (struct keys_share){0};
        if (measures->argmax == SIZE_MAX)
            continue;
        share->peak = exp(measures->score - of.score);
        share->all = share->peak / (double)measures->max;
        sum += share->all;
    }
    of.log_sum = log(sum);
    for (size_t s = 0; s < cut->count && of.best != SIZE_MAX; s++) {
        segment_share(cut, s, row)->peak /= sum;
        segment_share(cut, s, row)->all /= sum;
    }
    return of;
}

/* The weight in the whole of a key that has `weight` in segment s. By the heaviest key, so that the heaviest of two
 * segments weigh the same if their scores are the same. */
static double weight_of_whole(const struct keys_cut *cut, size_t s, size_t row, float weight)
{
    const float heaviest = segment_measures(cut, s, row)->max;
    return weight == 0 ? 0 : segment_share(cut, s, row)->peak * ((double)weight / (double)heaviest);
}

/* -Σ w·ln w, with w = share·(weight in the segment). */
static double row_entropy(const struct keys_cut *cut, size_t row, const struct keys_row *of)
{
    double entropy = 0;
    for (size_t s = 0; s < cut->count; s++) {
        const struct row_measures *measures = segment_measures(cut, s, row);
        const double share = segment_share(cut, s, row)->all;
        if (share == 0)
            continue;
        const double log_sum = measures->score - of->score - log((double)measures->max);
        entropy += share * (of->log_sum - log_sum + (double)measures->entropy);
    }
    return entropy <= 0 ? 0 : entropy;
}

static struct row_measures row_measures_merge(const struct keys_cut *cut, size_t row,
                                              const struct keys_row *of)
{
    if (of->best == SIZE_MAX)
        return (struct row_measures){.argmax = SIZE_MAX};
    const struct row_measures *best = segment_measures(cut, of->best, row);
    double distance = 0;
    for (size_t s = 0; s < cut->count; s++)
        distance += segment_share(cut, s, row)->all * (double)segment_measures(cut, s, row)->distance;
    return (struct row_measures){
        .entropy = (float)row_entropy(cut, row, of),
        .max = (float)segment_share(cut, of->best, row)->peak,
        .distance = (float)distance,
        .first = (float)weight_of_whole(cut, 0, row, segment_measures(cut, 0, row)->first),
        .score = best->score,
        .argmax = cut->segments[of->best].first + best->argmax,
    };
}

static void row_output_merge(const struct keys_cut *cut, size_t row)
{
    const size_t n = cut->whole->head->n, d_v = cut->whole->head->d_v;
    float *output = cut->whole->output + row * cut->whole->output_row;
    for (size_t c = 0; c < d_v; c++) {
        double sum = 0;
        for (size_t s = 0; s < cut->count; s++)
            sum += segment_share(cut, s, row)->all * (double)cut->outputs[(s * n + row) * d_v + c];
        output[c] = (float)sum;
    }
}

static void row_top_merge(const struct keys_cut *cut, size_t row)
{
    const size_t n = cut->whole->head->n, count = cut->whole->top_count;
    struct row_key *top = cut->whole->top + row * count;
    for (size_t t = 0; t < count; t++)
        top[t] = (struct row_key){0, SIZE_MAX};
    for (size_t s = 0; s < cut->count; s++) {
        const struct row_key *own = cut->top + (s * n + row) * cut->top_count;
        for (size_t t = 0; t < cut->top_count && own[t].key != SIZE_MAX; t++) {
            const double weight = weight_of_whole(cut, s, row, own[t].weight);
            if (!row_key_insert(top, count,
                                (struct row_key){(float)weight, cut->segments[s].first + own[t].key}))
                break; /* those behind it are no heavier */
        }
    }
}

/* The weights of a row, for the receiver. */
static void row_weights_merge(const struct keys_cut *cut, size_t row)
{
    const struct row_receiver *receiver = &cut->whole->receiver;
    const size_t m = cut->whole->head->m;
    float *weights = cut->rows + row * m;
    for (size_t s = 0; s < cut->count; s++) {
        const struct keys_segment *segment = &cut->segments[s];
        const double share = segment_share(cut, s, row)->all;
        for (size_t j = segment->first; j < segment->first + segment->head.m; j++)
            weights[j] = (float)(share * (double)weights[j]);
    }
    receiver->receive(receiver->context, row, 1, weights, m);
}

/* Joins cells of a row, times `share`, to those of the whole from cell `first` on. They may hold several rows, which come
 * in order. */
static void row_cells_join(const struct engine_job *whole, size_t row, size_t first, const float *cells,
                           size_t count, double share)
{
    const struct pooling *pool = &whole->pool;
    const size_t n = whole->head->n, begin = row / pool->rows * pool->rows;
    const size_t rows = n - begin < pool->rows ? n - begin : pool->rows;
    float *to = pool->cells + row / pool->rows * size_divide_up(whole->head->m, pool->keys) + first;
    if (pool->mean)
        share /= (double)rows;
    for (size_t c = 0; c < count; c++) {
        const float cell = (float)(share * (double)cells[c]), before = row == begin ? 0 : to[c];
        to[c] = pool->mean ? before + cell : cell > before || isnan(cell) ? cell : before;
    }
}

static void row_cells_merge(const struct keys_cut *cut, size_t row)
{
    for (size_t s = 0; s < cut->count; s++) {
        const struct keys_segment *segment = &cut->segments[s];
        row_cells_join(cut->whole, row, segment->first / cut->whole->pool.keys,
                       segment->cells + row * segment->width, segment->width,
                       segment_share(cut, s, row)->all);
    }
}

/* Merges what the segments have of a row, but for the cells. */
static void row_merge(void *context, int worker, size_t row)
{
    const struct keys_cut *cut = context;
    (void)worker;
    const struct engine_job *whole = cut->whole;
    if (row_is_broken(cut, row))
        return;
    const struct keys_row of = row_make(cut, row);
    if (whole->measures)
        whole->measures[row] = row_measures_merge(cut, row, &of);
    if (whole->output)
        row_output_merge(cut, row);
    if (whole->top)
        row_top_merge(cut, row);
    if (whole->receiver.receive)
        row_weights_merge(cut, row);
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
    struct engine_job job = {.head = &head, .top_count = whole->top_count};
    const size_t width = pool->cells ? size_divide_up(head.m, pool->keys) : 0;
    float *cells = memory_alloc(width, sizeof *cells, error);
    if (whole->output)
        job.output = whole->output + row * whole->output_row;
    if (whole->receiver.receive)
        job.receiver = (struct row_receiver){single_receive, &single};
    if (whole->measures)
        job.measures = whole->measures + row;
    if (whole->top)
        job.top = whole->top + row * whole->top_count;
    if (pool->cells)
        job.pool = (struct pooling){.cells = cells, .rows = 1, .keys = pool->keys, .mean = pool->mean};
    const bool ok = cells && runner_run(next, &job, 1, options, error);
    if (ok && pool->cells)
        row_cells_join(whole, row, 0, cells, width, 1);
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
        if (row_is_broken(cut, row))
            ok = row_run_whole(cut, row, &quiet, next, error);
        else if (whole->pool.cells)
            row_cells_merge(cut, row);
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
