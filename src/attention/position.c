#include "attention/position.h"

#include <math.h>

void position_sinusoidal(float *out, size_t rows, size_t d, int64_t first, double base)
{
    for (size_t c = 0; c < d; c++) {
        double turn = pow(base, -(double)(c / 2 * 2) / (double)d);
        for (size_t i = 0; i < rows; i++) {
            double angle = (double)(first + (int64_t)i) * turn;
            out[i * d + c] = (float)(c % 2 == 0 ? sin(angle) : cos(angle));
        }
    }
}

void position_rotate(float *x, size_t rows, size_t row_step, size_t heads, size_t head_step, size_t columns,
                     enum rotary layout, int64_t first, double base)
{
    const size_t half = columns / 2;
    for (size_t t = 0; t < half; t++) {
        const double turn = pow(base, -2.0 * (double)t / (double)columns);
        const size_t left = layout == ROTARY_HALVES ? t : 2 * t;
        const size_t right = layout == ROTARY_HALVES ? t + half : 2 * t + 1;
        for (size_t i = 0; i < rows; i++) {
            const double angle = (double)(first + (int64_t)i) * turn, cosine = cos(angle), sine = sin(angle);
            for (size_t h = 0; h < heads; h++) {
                float *pair = x + i * row_step + h * head_step;
                const double a = (double)pair[left], b = (double)pair[right];
                pair[left] = (float)(a * cosine - b * sine);
                pair[right] = (float)(a * sine + b * cosine);
            }
        }
    }
}

void position_rotary_table(float *out, size_t rows, size_t columns, int64_t first, double base)
{
    const size_t half = columns / 2;
    for (size_t t = 0; t < half; t++) {
        const double turn = pow(base, -2.0 * (double)t / (double)columns);
        for (size_t i = 0; i < rows; i++) {
            const double angle = (double)(first + (int64_t)i) * turn;
            out[i * columns + t] = (float)cos(angle);
            out[i * columns + half + t] = (float)sin(angle);
        }
    }
}

double position_slope(size_t head, size_t heads)
{
    size_t power = 1;
    while (power <= heads / 2)
        power *= 2;
    if (head < power)
        return exp2(-8 * (double)(head + 1) / (double)power);
    return exp2(-4 * (double)(2 * (head - power) + 1) / (double)power);
}

size_t position_bucket(int64_t ahead, bool both_sides, size_t buckets, size_t furthest)
{
    size_t begin = 0, away = ahead < 0 ? (size_t)-ahead : 0;
    if (both_sides) {
        buckets /= 2;
        begin = ahead > 0 ? buckets : 0;
        away = (size_t)(ahead < 0 ? -ahead : ahead);
    }
    const size_t exact = buckets / 2;
    if (away < exact || buckets < 2)
        return begin + (buckets < 2 ? 0 : away);
    /* Where the logarithms divide evenly rounding must not fall below. */
    double grown = log((double)away / (double)exact) / log((double)furthest / (double)exact) + 1e-12;
    double bucket = (double)exact + floor(grown * (double)(buckets - exact));
    return begin + (bucket < (double)(buckets - 1) ? (size_t)bucket : buckets - 1);
}
