/* Rows of weights, measured and added up at the speed of memory by the kernel that computes. */
#ifndef ATTN_ENGINE_WEIGHTS_H
#define ATTN_ENGINE_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/head.h"

/* What a row of numbers sums up to. Sums are carried in float32 over some 256 numbers, and in double precision beyond. */
struct weight_sums {
    double sum;           /* Σ w; not finite where a number is not */
    double entropy;       /* -Σ w·ln w over the w above 0, in nats */
    double distance;      /* Σ w·|position - j| */
    double squares;       /* Σ w² */
    float largest, least; /* of all; -infinity and infinity of no numbers */
    size_t argmax;        /* the first that is the largest */
};

/* Number 0 of the row is that of key `first`. */
void weights_measure(const float *row, size_t count, size_t first, double position, struct weight_sums *sums);

/* Rows of weights (column step 1), and the factor of each that makes it shares of a whole. */
struct share_rows {
    struct strided weights;
    const float *factors;
};

/* Of the first rows of two matrices, each with the other's: Σ u·ln u over the u above 0, u being the mean of the shares of a key, of
 * `count` keys. NaN where one is. The same bits for a row and itself as for two equal ones. Carried as the sums above: of shares of a whole
 * it is right to some 1e-7. */
void weights_mixtures(const struct share_rows *a, const struct share_rows *b, size_t rows, size_t count,
                      double *sums);

/* Where the search for the heaviest ended in the row before; begins zeroed. */
struct heaviest_guess {
    uint32_t threshold; /* the bits of a number */
    double density;     /* numbers of the row for each float near it */
};

/* The fewest of `count` finite numbers that make a share of the sum of those above 0: heaviest_count (attention/heaviest.h), whose
 * terms hold, with the same result and mostly an eighth of its time where the row before was like this one. `guess` speeds it up,
 * and changes nothing. */
size_t weights_heaviest(const float *row, size_t count, float largest, double share, int64_t *room,
                        struct heaviest_guess *guess);

/* Adds each of `count` numbers, finite and between -2¹¹ and 2¹¹, to a sum of its own, in steps of 2⁻⁴⁰, to the nearest. */
void weights_add_steps(const float *row, size_t count, int64_t *sums);

/* The largest bit pattern of a matrix (column step 1), signs left out: 0 of zeros alone, 0x7f800000 and more where not all is
 * finite. */
uint32_t weights_largest(const struct strided *matrix, size_t rows, size_t columns);

/* Whether any number is not 0. */
bool weights_any(const float *row, size_t count);

/* How rows of several heads become one. */
enum combine { COMBINE_MEAN, COMBINE_MAX, COMBINE_MIN };

/* to[j] += row[j] (MEAN, which the caller divides), or the larger or the smaller of the two; NaN stays. Returns the
 * smallest number of the row, infinity where there is none. */
float weights_combine(float *to, const float *row, size_t count, enum combine how);

/* Rows that are added to others together. */
enum { EXACT_ROWS = 4 };
struct exact_rows {
    const float *row[EXACT_ROWS];
    double factor[EXACT_ROWS]; /* by which each is multiplied */
    double total[EXACT_ROWS];  /* what they sum up to, without the factor; set by weights_add_exact */
    size_t count;              /* EXACT_ROWS at most */
};

/*
 * sums[j] += factor·row[j] of all rows. Products are rounded to multiples of 2⁻⁵¹, so that sums have the same bits in any
 * order, as long as products and sums lie in [-1, 1] and weights in [0, 1]; others are sums all the same.
 */
void weights_add_exact(double *sums, struct exact_rows *rows, size_t count);

/* The same, to the bit, for KEYS_ROWS rows of struct weights_of_keys (engine/job.h), of which those that are none have the factor 0;
 * totals[r] grows by what row r sums up to. */
void weights_add_exact_keys(double *sums, const float *weights, size_t keys, const double *factors,
                            double *totals);

#endif
