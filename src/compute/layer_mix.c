#include "compute/layer_mix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/workers.h"

/* Rows that a thread takes at once. */
enum { MIX_ROWS = 64 };

/* A layer on its way. */
struct mix_work {
    const struct mix_options *options;
    float *matrix;
    size_t n, heads;
    uint8_t *negative;     /* n: the row has a weight below 0 in some head */
    struct mix_seen *seen; /* one a job */
};

bool mix_error_negative(const struct problem *problem, size_t layer, size_t query, struct error *error)
{
    return error_set(error, ERROR_INPUT,
                     "layer %zu: query %zu has a weight below 0: expected weights that are shares",
                     problem_layer_number(problem, layer), query);
}

/* ---- heads into one ---- */

static void mix_receive(void *context, const struct rows_of_head *rows)
{
    const struct mix_work *work = context;
    const enum combine how = work->options->combine;
    for (size_t r = 0; r < rows->count; r++) {
        const size_t i = rows->first + r;
        const float *row = rows->weights + r * rows->stride;
        float *to = work->matrix + i * work->n;
        if (rows->number == 0 && how == COMBINE_MEAN)
            memset(to, 0, work->n * sizeof *to);
        else if (rows->number == 0)
            memcpy(to, row, work->n * sizeof *to);
        work->negative[i] |= weights_combine(to, row, work->n, how) < 0;
    }
}

/* ---- discarding ---- */

static uint32_t size_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x7fffffff; /* of numbers from 0 on in their order; NaN and infinity last */
}

/* The bit pattern of the weight that `count` others come before, in order of size; *before: how many are smaller. Counts by the
 * upper half of the bits, then by the lower one. */
static uint32_t find_ranked(const float *weights, size_t cells, size_t count, size_t *tally, size_t *before)
{
    enum { HALF_BITS = 16, HALVES = 1 << HALF_BITS };
    uint32_t upper = 0, lower = 0;
    *before = 0;
    memset(tally, 0, HALVES * sizeof *tally);
    for (size_t i = 0; i < cells; i++)
        tally[size_bits(weights[i]) >> HALF_BITS]++;
    while (*before + tally[upper] <= count)
        *before += tally[upper++];
    memset(tally, 0, HALVES * sizeof *tally);
    for (size_t i = 0; i < cells; i++)
        if (size_bits(weights[i]) >> HALF_BITS == upper)
            tally[size_bits(weights[i]) & (HALVES - 1)]++;
    while (*before + tally[lower] <= count)
        *before += tally[lower++];
    return upper << HALF_BITS | lower;
}

/* The smallest become 0, of equal ones the earlier; those of key 0, the class token of vision transformers, stay. */
static bool mix_discard(const struct mix_work *work, struct error *error)
{
    const size_t n = work->n, cells = n * n, count = (size_t)(work->options->discard * (double)n * (double)n);
    size_t before;
    size_t *tally = memory_alloc(1 << 16, sizeof *tally, error);
    if (!tally)
        return false;
    const uint32_t ranked = find_ranked(work->matrix, cells, count, tally, &before);
    size_t equal = count - before; /* of those that are as large as the ranked one, so many go */
    free(tally);
    for (size_t i = 0; i < cells; i++) {
        const uint32_t bits = size_bits(work->matrix[i]);
        const bool goes = bits < ranked || (bits == ranked && equal > 0);
        equal -= bits == ranked && equal > 0;
        if (goes && i % n != 0)
            work->matrix[i] = 0;
    }
    return true;
}

/* ---- the residual ---- */

static void mix_row(const struct mix_work *work, size_t i, struct mix_seen *seen)
{
    const double c = work->options->identity;
    float *row = work->matrix + i * work->n;
    double sum = 0;
    for (size_t j = 0; j < work->n; j++)
        sum += (double)row[j];
    const double whole = c + (1 - c) * sum;
    const double factor = isfinite(whole) && whole > 0 ? (1 - c) / whole : 1 - c;
    seen->rows++;
    seen->nan += !isfinite(sum);
    seen->blind += sum == 0;
    seen->off += work->options->combine == COMBINE_MEAN && sum != 0 && fabs(sum - 1) > MIX_TOLERANCE;
    for (size_t j = 0; j < work->n; j++)
        row[j] = row[j] != 0 && factor != 0 ? (float)((double)row[j] * factor) : 0;
    if (c > 0)
        row[i] += (float)(isfinite(whole) ? c / whole : c);
}

static void mix_mean(float *row, size_t n, size_t heads)
{
    const float share = 1 / (float)heads;
    for (size_t j = 0; j < n && heads > 1; j++)
        row[j] *= share;
}

static void mean_work(void *context, int worker, size_t job)
{
    const struct mix_work *work = context;
    (void)worker;
    for (size_t i = job * MIX_ROWS; i < work->n && i < (job + 1) * MIX_ROWS; i++)
        mix_mean(work->matrix + i * work->n, work->n, work->heads);
}

static void mix_rows_work(void *context, int worker, size_t job)
{
    const struct mix_work *work = context;
    (void)worker;
    for (size_t i = job * MIX_ROWS; i < work->n && i < (job + 1) * MIX_ROWS; i++)
        mix_row(work, i, &work->seen[job]);
}

static void seen_add(struct mix_seen *to, const struct mix_seen *from)
{
    to->rows += from->rows;
    to->blind += from->blind;
    to->off += from->off;
    to->nan += from->nan;
}

static bool mix_finish(const struct mix_work *work, const struct layer_rows *rows, size_t layer,
                       struct mix_seen *seen, struct error *error)
{
    const size_t jobs = size_divide_up(work->n, MIX_ROWS);
    const int threads = engine_threads(rows->engine.threads);
    for (size_t i = 0; i < work->n; i++)
        if (work->negative[i])
            return mix_error_negative(rows->problem, layer, i, error);
    if (work->options->combine == COMBINE_MEAN)
        workers_run_on(threads, jobs, mean_work, (void *)work);
    if (work->options->discard > 0 && !mix_discard(work, error))
        return false;
    workers_run_on(threads, jobs, mix_rows_work, (void *)work);
    for (size_t j = 0; j < jobs; j++)
        seen_add(seen, &work->seen[j]);
    return true;
}

bool layer_mix(float *matrix, struct layer_rows *rows, size_t layer, const struct mix_options *options,
               struct mix_seen *seen, struct error *error)
{
    const size_t n = rows->problem->n;
    const bool weighs = options->contribution == CONTRIBUTION_WEIGHTS;
    struct mix_work work = {.options = options,
                            .matrix = matrix,
                            .n = n,
                            .heads = weighs ? layer_rows_heads(rows) : 1,
                            .negative = memory_zeroed(n, 1, error)};
    work.seen = work.negative ? memory_zeroed(size_divide_up(n, MIX_ROWS), sizeof *work.seen, error) : NULL;
    const struct rows_receiver receiver = {.receive = mix_receive, .context = &work};
    rows->first = 0;
    rows->count = n;
    const bool ok =
        work.seen &&
        (weighs ? layer_rows_pass(rows, layer, &receiver, error)
                : contribution_matrix(matrix, seen->mixing, rows, layer, options->contribution, error)) &&
        mix_finish(&work, rows, layer, seen, error);
    free(work.negative);
    free(work.seen);
    return ok;
}
