#include "attention/transform.h"

#include <math.h>

void transform_norm(float *x, size_t rows, size_t d, const float *weight, const float *bias)
{
    for (size_t i = 0; i < rows; i++, x += d) {
        double mean = 0, variance = 0;
        for (size_t c = 0; c < d; c++)
            mean += (double)x[c] / (double)d;
        for (size_t c = 0; c < d; c++)
            variance += ((double)x[c] - mean) * ((double)x[c] - mean) / (double)d;
        const double factor = 1 / sqrt(variance + 1e-5);
        for (size_t c = 0; c < d; c++)
            x[c] = (float)(((double)x[c] - mean) * factor * (weight ? (double)weight[c] : 1) +
                           (bias ? (double)bias[c] : 0));
    }
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

void transform_feature(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(x[i] > 0 ? (double)x[i] + 1 : exp((double)x[i]));
}
