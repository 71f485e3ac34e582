#include "compute/head_distances.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/workers.h"

static const double smoothing = 0.001;

struct distance_job {
    const struct strided *weights;
    size_t count, n;
    double *own;      /* of each head Σ p ln p over all its pairs */
    double *distance; /* count×count */
};

static double smooth(float weight, size_t n)
{
    return smoothing / (double)n + (1 - smoothing) * (double)weight;
}

static void measure_own(void *context, int worker, size_t head)
{
    const struct distance_job *job = context;
    const struct strided *w = &job->weights[head];
    double sum = 0;
    (void)worker;
    for (size_t i = 0; i < job->n; i++)
        for (size_t j = 0; j < job->n; j++) {
            const double p = smooth(w->data[i * w->row + j], job->n);
            sum += p * log(p);
        }
    job->own[head] = sum;
}

/* Σ m ln m of the mean m of two heads, in the order of measure_own, so that equal heads are exactly 0 apart. */
static double mean_sum(const struct distance_job *job, size_t a, size_t b)
{
    const struct strided *left = &job->weights[a], *right = &job->weights[b];
    double sum = 0;
    for (size_t i = 0; i < job->n; i++)
        for (size_t j = 0; j < job->n; j++) {
            const double p = smooth(left->data[i * left->row + j], job->n),
                         q = smooth(right->data[i * right->row + j], job->n), m = (p + q) / 2;
            sum += m * log(m);
        }
    return sum;
}

/* The distances of a head to those behind it. JS(p, q) = (Σ p ln p + Σ q ln q)/2 − Σ m ln m; a NaN stays one. */
static void measure_pairs(void *context, int worker, size_t head)
{
    const struct distance_job *job = context;
    (void)worker;
    job->distance[head * job->count + head] = isnan(job->own[head]) ? (double)NAN : 0;
    for (size_t other = head + 1; other < job->count; other++) {
        const double apart =
            (job->own[head] + job->own[other]) / 2 - mean_sum(job, head, other); /* may round to below 0 */
        job->distance[head * job->count + other] = job->distance[other * job->count + head] =
            apart < 0 ? 0 : apart;
    }
}

double *head_distances(const struct strided *weights, size_t count, size_t n, struct error *error)
{
    size_t pairs;
    struct distance_job job = {.weights = weights, .count = count, .n = n};
    if (!size_multiply(count, count, &pairs)) {
        error_memory(error, SIZE_MAX);
        return NULL;
    }
    job.distance = memory_alloc(pairs, sizeof *job.distance, error);
    job.own = job.distance ? memory_alloc(count, sizeof *job.own, error) : NULL;
    if (job.own) {
        workers_run(count, measure_own, &job);
        workers_run(count, measure_pairs, &job);
    } else {
        free(job.distance);
        job.distance = NULL;
    }
    free(job.own);
    return job.distance;
}
