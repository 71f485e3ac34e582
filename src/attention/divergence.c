#include "attention/divergence.h"

#include <math.h>

/* The sum of a row; NaN where it is no share of a whole. */
static double share_sum(const float *row, size_t m)
{
    double sum = 0;
    for (size_t j = 0; j < m; j++) {
        if (!(row[j] >= 0))
            return NAN;
        sum += (double)row[j];
    }
    return sum > 0 && isfinite(sum) ? sum : (double)NAN;
}

/*
 * (1 + x) ln(1 + x) + (1 - x) ln(1 - x) for |x| <= 1. What a key adds to the divergence is (p + q)/4 times this, x = (p - q)/(p + q):
 * no term is below 0, so that nothing cancels between keys. Near 0, where the two logarithms do, by its series
 * Σ x²ᵏ/(k(2k - 1)).
 */
static double two_sided(double x)
{
    const double square = x * x;
    if (square < 1e-3)
        return square * (1 + square * (1.0 / 6 + square * (1.0 / 15 + square * (1.0 / 28 + square / 45))));
    if (square >= 1)
        return 2 * M_LN2;
    return (1 + x) * log1p(x) + (1 - x) * log1p(-x);
}

double divergence_js(const float *a, const float *b, size_t m)
{
    const double a_sum = share_sum(a, m), b_sum = share_sum(b, m);
    double sum = 0;
    if (isnan(a_sum) || isnan(b_sum))
        return NAN;
    for (size_t j = 0; j < m; j++) {
        const double p = (double)a[j] / a_sum, q = (double)b[j] / b_sum;
        if (p != q)
            sum += (p + q) * two_sided(fabs(p - q) / (p + q));
    }
    return fmin(sum / 4, M_LN2);
}
