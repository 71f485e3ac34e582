/* Rows of weights that were given, measured at the speed of memory by the kernel that computes. */
#ifndef ATTN_ENGINE_WEIGHTS_H
#define ATTN_ENGINE_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>

/* What a row of numbers sums up to. Sums are carried in float32 over some 256 numbers, and in double precision beyond. */
struct weight_sums {
    double sum;           /* Σ w; not finite where a number is not */
    double entropy;       /* -Σ w·ln w over the w above 0, in nats */
    double distance;      /* Σ w·|position - j| */
    float largest, least; /* of all; -infinity and infinity of no numbers */
    size_t argmax;        /* the first that is the largest */
};

/* Number 0 of the row is that of key `first`. */
void weights_measure(const float *row, size_t count, size_t first, double position, struct weight_sums *sums);

/* Σ u·ln u over the u = a·factor_a + b·factor_b above 0, number by number of two rows; NaN where one is. Carried as the sums above:
 * of shares of a whole it is right to some 1e-7. */
double weights_mixture(const float *a, const float *b, float factor_a, float factor_b, size_t count);

/* Whether any number is not 0. */
bool weights_any(const float *row, size_t count);

#endif
