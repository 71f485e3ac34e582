#include "compute/token_times.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"

/* ---- what a head says of a frame ---- */

/* The weights of a head as shares of the frames: n×key_count. */
static void take_shares(double *shares, const struct token_times_job *job, const struct strided *weights)
{
    const size_t m = job->key_count;
    for (size_t i = 0; i < job->n; i++) {
        const float *row = weights->data + i * weights->row + job->key_first;
        double sum = 0;
        for (size_t j = 0; j < m; j++)
            sum += (double)row[j];
        for (size_t j = 0; j < m; j++)
            shares[i * m + j] = job->is_part && sum > 0 ? (double)row[j] / sum : (double)row[j];
    }
}

/* Each frame less its mean over the tokens, by its standard deviation. */
static void standardize(double *shares, size_t n, size_t m)
{
    for (size_t j = 0; j < m; j++) {
        double mean = 0, variance = 0;
        for (size_t i = 0; i < n; i++)
            mean += shares[i * m + j];
        mean /= (double)n;
        for (size_t i = 0; i < n; i++)
            variance += (shares[i * m + j] - mean) * (shares[i * m + j] - mean);
        const double deviation = sqrt(variance / (double)n);
        for (size_t i = 0; i < n; i++)
            shares[i * m + j] =
                deviation > 0 || isnan(deviation) ? (shares[i * m + j] - mean) / deviation : 0;
    }
}

static int compare_shares(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Frame `at` of m frames that are mirrored at their ends: -1 is 1. */
static size_t mirror(int64_t at, size_t m)
{
    const int64_t last = (int64_t)m - 1;
    return (size_t)(at < 0 ? -at : at > last ? 2 * last - at : at);
}

/* Adds the medians of a row to those of the heads before. */
static void add_medians(double *sums, const double *row, size_t m, size_t width, double *room)
{
    const size_t half = width / 2;
    for (size_t j = 0; j < m; j++) {
        if (m <= half) {
            sums[j] += row[j];
            continue;
        }
        for (size_t k = 0; k < width; k++)
            room[k] = row[mirror((int64_t)(j + k) - (int64_t)half, m)];
        qsort(room, width, sizeof *room, compare_shares);
        sums[j] += room[half];
    }
}

/* ---- the path ---- */

enum path_step { STEP_BOTH, STEP_TOKEN, STEP_FRAME };

/* From where each cell of n×m is reached with the least sum of costs: (n + 1)×(m + 1) steps. `sums` are 2·(n + 1). */
static void find_steps(unsigned char *steps, const float *costs, size_t n, size_t m, float *sums)
{
    float *before = sums, *now = sums + n + 1;
    for (size_t i = 0; i <= n; i++)
        before[i] = i == 0 ? 0 : INFINITY;
    for (size_t j = 1; j <= m; j++) {
        now[0] = INFINITY;
        for (size_t i = 1; i <= n; i++) {
            const float both = before[i - 1], token = now[i - 1], frame = before[i];
            const enum path_step step = both < token && both < frame    ? STEP_BOTH
                                        : token < both && token < frame ? STEP_TOKEN
                                                                        : STEP_FRAME;
            const float sum = step == STEP_BOTH ? both : step == STEP_TOKEN ? token : frame;
            now[i] = (float)((double)costs[(i - 1) * m + j - 1] + (double)sum);
            steps[i * (m + 1) + j] = (unsigned char)step;
        }
        float *kept = before;
        before = now;
        now = kept;
    }
}

/* Goes the path back from its end. */
static void walk_back(size_t *starts, unsigned char *steps, size_t n, size_t m)
{
    for (size_t i = n, j = m; i > 0 || j > 0;) {
        const enum path_step step = i == 0   ? STEP_FRAME
                                    : j == 0 ? STEP_TOKEN
                                             : (enum path_step)steps[i * (m + 1) + j];
        if (i > 0)
            starts[i - 1] = j > 0 ? j - 1 : 0;
        i -= step != STEP_FRAME;
        j -= step != STEP_TOKEN;
    }
}

static bool find_path(size_t *starts, const float *costs, size_t n, size_t m, struct error *error)
{
    size_t cells;
    if (!size_multiply(n + 1, m + 1, &cells))
        return error_memory(error, SIZE_MAX);
    unsigned char *steps = memory_alloc(cells, 1, error);
    float *sums = steps ? memory_alloc(2 * (n + 1), sizeof *sums, error) : NULL;
    const bool ok = sums;
    if (ok) {
        find_steps(steps, costs, n, m, sums);
        walk_back(starts, steps, n, m);
    }
    free(steps);
    free(sums);
    return ok;
}

/* ---- all of it ---- */

/* What the heads say together of the tokens of the path: less is better. */
static bool find_costs(float *costs, const struct token_times_job *job, struct error *error)
{
    const size_t m = job->key_count, n = job->query_count;
    size_t count;
    if (!size_multiply(job->n, m, &count))
        return error_memory(error, SIZE_MAX);
    double *shares = memory_alloc(count, sizeof *shares, error);
    double *sums = shares ? memory_zeroed(n * m, sizeof *sums, error) : NULL;
    double *room = sums ? memory_alloc(job->median_width, sizeof *room, error) : NULL;
    bool ok = room;
    for (size_t h = 0; ok && h < job->count; h++) {
        take_shares(shares, job, &job->weights[h]);
        standardize(shares, job->n, m);
        for (size_t i = 0; i < n; i++)
            add_medians(sums + i * m, shares + (job->query_first + i) * m, m, job->median_width, room);
    }
    for (size_t k = 0; ok && k < n * m; k++) {
        costs[k] = (float)(-sums[k] / (double)job->count);
        if (!isfinite(costs[k]))
            ok = error_set(error, ERROR_INPUT, "--dtw: the weights are not all finite");
    }
    free(shares);
    free(sums);
    free(room);
    return ok;
}

bool token_times_find(size_t *starts, const struct token_times_job *job, struct error *error)
{
    const size_t m = job->key_count, n = job->query_count;
    size_t count;
    if (!size_multiply(n, m, &count))
        return error_memory(error, SIZE_MAX);
    float *costs = memory_alloc(count, sizeof *costs, error);
    const bool ok = costs && find_costs(costs, job, error) && find_path(starts, costs, n, m, error);
    free(costs);
    return ok;
}
