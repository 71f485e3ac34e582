#include "compute/head_distances.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/workers.h"
#include "engine/weights.h"

static const double smoothing = 0.001;

/* Rows of two heads that are mixed at once. */
enum { MIXED_ROWS = 64 };

struct distance_job {
    const struct strided *weights;
    size_t count, n, m;
    float *factors; /* count×n: on the weights of a row, so that they are shares; 0: it is no distribution */
    double *own;    /* count×n: Σ p ln p of the row */
    double *distance; /* count×count */
    enum head_distance which;
};

/* Σ u ln u of halves of two rows of smoothed weights, in double precision. */
static double mixed_smoothed(const float *a, const float *b, size_t m)
{
    double sum = 0;
    for (size_t j = 0; j < m; j++) {
        const double u = smoothing / (double)m + (1 - smoothing) / 2 * ((double)a[j] + (double)b[j]);
        sum += u * log(u);
    }
    return sum;
}

static struct share_rows shares_of(const struct distance_job *job, size_t head, size_t first)
{
    const struct strided *w = &job->weights[head];
    return (struct share_rows){{w->data + first * w->row, w->row, 1}, &job->factors[head * job->n + first]};
}

/* Σ u ln u of halves of rows first..first+rows-1 of two heads; of a head and itself what each row is alone, bit by bit. */
static void mix_rows(const struct distance_job *job, size_t a, size_t b, size_t first, size_t rows,
                     double *sums)
{
    const struct share_rows left = shares_of(job, a, first), right = shares_of(job, b, first);
    if (job->which == HEAD_DISTANCE_EXACT) {
        weights_mixtures(&left, &right, rows, job->m, sums);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        sums[i] = mixed_smoothed(left.weights.data + i * left.weights.row,
                                 right.weights.data + i * right.weights.row, job->m);
}

static float row_factor(const struct distance_job *job, const float *row)
{
    if (job->which == HEAD_DISTANCE_SMOOTHED)
        return 1;
    double sum = 0;
    for (size_t j = 0; j < job->m; j++) {
        if (!(row[j] >= 0))
            return 0;
        sum += (double)row[j];
    }
    return sum > 0 && isfinite(sum) ? (float)(1 / sum) : 0;
}

static void measure_rows(void *context, int worker, size_t head)
{
    const struct distance_job *job = context;
    const struct strided *w = &job->weights[head];
    (void)worker;
    for (size_t i = 0; i < job->n; i++)
        job->factors[head * job->n + i] = row_factor(job, w->data + i * w->row);
    mix_rows(job, head, head, 0, job->n, &job->own[head * job->n]);
}

/* JS(p, q) = (Σ p ln p + Σ q ln q)/2 − Σ u ln u with u = (p + q)/2, which may round to below 0. */
static double distance_of(const struct distance_job *job, size_t a, size_t b)
{
    const size_t first_a = a * job->n, first_b = b * job->n;
    double sum = 0, mixed[MIXED_ROWS];
    size_t rows = 0;
    for (size_t first = 0; first < job->n; first += MIXED_ROWS) {
        const size_t some = job->n - first < MIXED_ROWS ? job->n - first : MIXED_ROWS;
        mix_rows(job, a, b, first, some, mixed);
        for (size_t i = 0; i < some; i++) {
            const size_t p = first_a + first + i, q = first_b + first + i;
            if (!(job->factors[p] > 0) || !(job->factors[q] > 0))
                continue;
            const double apart = (job->own[p] + job->own[q]) / 2 - mixed[i];
            sum += apart < 0 ? 0 : apart;
            rows++;
        }
    }
    if (rows == 0)
        return (double)NAN;
    return job->which == HEAD_DISTANCE_SMOOTHED ? sum : sum / (double)rows;
}

/* The distances of a head to itself and those behind it. */
static void measure_pairs(void *context, int worker, size_t head)
{
    const struct distance_job *job = context;
    (void)worker;
    for (size_t other = head; other < job->count; other++)
        job->distance[head * job->count + other] = job->distance[other * job->count + head] =
            distance_of(job, head, other);
}

double *head_distances(const struct strided *weights, size_t count, size_t n, size_t m,
                       enum head_distance which, struct error *error)
{
    size_t pairs, rows;
    struct distance_job job = {.weights = weights, .count = count, .n = n, .m = m, .which = which};
    if (!size_multiply(count, count, &pairs) || !size_multiply(count, n, &rows)) {
        error_memory(error, SIZE_MAX);
        return NULL;
    }
    job.distance = memory_alloc(pairs, sizeof *job.distance, error);
    job.factors = job.distance ? memory_alloc(rows, sizeof *job.factors, error) : NULL;
    job.own = job.factors ? memory_alloc(rows, sizeof *job.own, error) : NULL;
    if (job.own) {
        workers_run(count, measure_rows, &job);
        workers_run(count, measure_pairs, &job);
    } else {
        free(job.distance);
        job.distance = NULL;
    }
    free(job.factors);
    free(job.own);
    return job.distance;
}
