/* Rows of weights that were given, measured at the speed of memory by the kernel that computes. */
#ifndef ATTN_ENGINE_WEIGHTS_H
#define ATTN_ENGINE_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* The fewest of `count` finite numbers that make a share of the sum of those above 0: heaviest_count (attention/heaviest.h), whose
 * terms hold, with the same result and mostly a quarter of its time. */
size_t weights_heaviest(const float *row, size_t count, float largest, double share, int64_t *room);

/* Adds each of `count` numbers, finite and between -2¹¹ and 2¹¹, to a sum of its own, in steps of 2⁻⁴⁰, to the nearest. */
void weights_add_steps(const float *row, size_t count, int64_t *sums);

/* Whether any number is not 0. */
bool weights_any(const float *row, size_t count);

#endif
