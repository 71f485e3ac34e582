#include "compute/head_distances.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/workers.h"
#include "engine/weights.h"

static const double smoothing = 0.001;

/* What is known of a row beforehand. */
struct distance_row {
    float factor; /* on its weights, so that they are shares; 0: it is no distribution */
    double own;   /* Σ p ln p of what it then is */
};

struct distance_job {
    const struct strided *weights;
    size_t count, n, m;
    struct distance_row *rows; /* count×n */
    double *distance;          /* count×count */
    enum head_distance which;
};

/* The same in double precision, of smoothed weights. */
static double mixed_smoothed(const float *a, const float *b, size_t m)
{
    double sum = 0;
    for (size_t j = 0; j < m; j++) {
        const double u = smoothing / (double)m + (1 - smoothing) / 2 * ((double)a[j] + (double)b[j]);
        sum += u * log(u);
    }
    return sum;
}

/* Σ u ln u of half of each of two rows; of a row and itself what it is alone, bit by bit. */
static double mixed(const struct distance_job *job, const float *a, float factor_a, const float *b,
                    float factor_b)
{
    if (job->which == HEAD_DISTANCE_SMOOTHED)
        return mixed_smoothed(a, b, job->m);
    return weights_mixture(a, b, factor_a / 2, factor_b / 2, job->m);
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
    for (size_t i = 0; i < job->n; i++) {
        struct distance_row *row = &job->rows[head * job->n + i];
        const float *a = w->data + i * w->row;
        row->factor = row_factor(job, a);
        row->own = row->factor > 0 ? mixed(job, a, row->factor, a, row->factor) : 0;
    }
}

/* JS(p, q) = (Σ p ln p + Σ q ln q)/2 − Σ u ln u with u = (p + q)/2, which may round to below 0. */
static double distance_of(const struct distance_job *job, size_t a, size_t b)
{
    const struct strided *left = &job->weights[a], *right = &job->weights[b];
    double sum = 0;
    size_t rows = 0;
    for (size_t i = 0; i < job->n; i++) {
        const struct distance_row *p = &job->rows[a * job->n + i], *q = &job->rows[b * job->n + i];
        if (!(p->factor > 0) || !(q->factor > 0))
            continue;
        const double apart = (p->own + q->own) / 2 - mixed(job, left->data + i * left->row, p->factor,
                                                           right->data + i * right->row, q->factor);
        sum += apart < 0 ? 0 : apart;
        rows++;
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
    job.rows = job.distance ? memory_alloc(rows, sizeof *job.rows, error) : NULL;
    if (job.rows) {
        workers_run(count, measure_rows, &job);
        workers_run(count, measure_pairs, &job);
    } else {
        free(job.distance);
        job.distance = NULL;
    }
    free(job.rows);
    return job.distance;
}
