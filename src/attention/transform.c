#include "attention/transform.h"
#include "base/memory.h"
#include "base/workers.h"

#include <math.h>

void transform_norm(float *x, size_t rows, size_t d, const float *weight, const float *bias)
{
    for (size_t i = 0; i < rows; i++, x += d) {
        double mean = 0, variance = 0;
        for (size_t c = 0; c < d; c++)
            mean += (double)x[c] / (double)d;
        for (size_t c = 0; c < d; c++)
            variance += ((double)x[c] - mean) * ((double)x[c] - mean) / (double)d;
        const double factor = 1 / sqrt(variance + TRANSFORM_NORM_EPSILON);
        for (size_t c = 0; c < d; c++)
            x[c] = (float)(((double)x[c] - mean) * factor * (weight ? (double)weight[c] : 1) +
                           (bias ? (double)bias[c] : 0));
    }
}

/* Norms the heads [first, end) of row i as one. */
static void norm_heads(const struct head_rows *r, size_t i, size_t first, size_t end, const float *weight,
                       bool centered, double epsilon)
{
    const double count = (double)((end - first) * r->d);
    double mean = 0, square = 0;
    for (size_t h = first; h < end && centered; h++)
        for (size_t c = 0; c < r->d; c++)
            mean += (double)r->x[h * r->head_step + i * r->d + c] / count;
    for (size_t h = first; h < end; h++)
        for (size_t c = 0; c < r->d; c++) {
            const double x = (double)r->x[h * r->head_step + i * r->d + c] - mean;
            square += x * x / count;
        }
    const double factor = 1 / sqrt(square + epsilon);
    for (size_t h = first; h < end; h++)
        for (size_t c = 0; c < r->d; c++) {
            float *x = &r->x[h * r->head_step + i * r->d + c];
            *x = (float)(((double)*x - mean) * factor * (double)weight[(h - first) * r->d + c]);
        }
}

void transform_head_norm(const struct head_rows *rows, const float *weight, bool joint, bool centered,
                         double epsilon)
{
    const size_t step = joint ? rows->heads : 1;
    for (size_t i = 0; i < rows->rows; i++)
        for (size_t h = 0; h < rows->heads; h += step)
            norm_heads(rows, i, h, h + step, weight, centered, epsilon);
}

void transform_gate(float *x, size_t rows, size_t columns, const float *g, size_t gates)
{
    const size_t shared = columns / gates;
    for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < columns; c++)
            x[i * columns + c] =
                (float)((double)x[i * columns + c] / (1 + exp(-(double)g[i * gates + c / shared])));
}

void transform_unit(float *x, size_t rows, size_t step, size_t d)
{
    for (size_t i = 0; i < rows; i++, x += step) {
        double square = 0;
        for (size_t c = 0; c < d; c++)
            square += (double)x[c] * (double)x[c];
        for (size_t c = 0; c < d && square != 0; c++)
            x[c] = (float)((double)x[c] / sqrt(square));
    }
}

/* Numbers that a thread takes at once. */
#define FEATURE_PIECE ((size_t)16384)

struct feature_numbers {
    float *x;
    size_t count;
};

/* One piece of them. */
static void feature_work(void *context, int worker, size_t piece)
{
    const struct feature_numbers *numbers = context;
    const size_t first = piece * FEATURE_PIECE, left = numbers->count - first;
    float *x = numbers->x + first;
    (void)worker;
    for (size_t i = 0; i < FEATURE_PIECE && i < left; i++)
        x[i] = (float)(x[i] > 0 ? (double)x[i] + 1 : exp((double)x[i]));
}

void transform_feature(float *x, size_t count, int threads)
{
    struct feature_numbers numbers = {x, count};
    workers_run_on(threads, size_divide_up(count, FEATURE_PIECE), feature_work, &numbers);
}
