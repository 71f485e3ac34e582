/*
 * What the numbers of given weights say of how they were made: whether they sum to 1, and over what; whether they are causal,
 * and with which offset. Matrices of n queries by m keys are added one after the other, so that not all need be held.
 */
#ifndef ATTN_ATTENTION_WEIGHTS_CHECK_H
#define ATTN_ATTENTION_WEIGHTS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Over what weights sum to 1. */
enum weights_sum {
    WEIGHTS_NO_SUM,       /* over none of these */
    WEIGHTS_OVER_KEYS,    /* each row: as attention has it */
    WEIGHTS_OVER_QUERIES, /* each column: queries and keys are exchanged */
    WEIGHTS_OVER_HEADS    /* each pair, over the heads of its layer */
};

/* Bits: what was seen on a diagonal. */
enum weights_seen { WEIGHTS_SEEN_SOME = 1, WEIGHTS_SEEN_ZERO = 2 };

/* Begun by weights_check_begin; freed by weights_check_free in any case. */
struct weights_check {
    size_t n, m, heads;
    size_t head;      /* of its layer, of the next matrix */
    double *of_keys;  /* sums of the columns of a matrix, m; owned */
    double *of_heads; /* sums over the heads of a layer, n×m; owned */
    unsigned char
        *diagonals; /* of each diagonal j - i, from 1 - n on: enum weights_seen; n + m of them; owned */
    /* Rows, columns and pairs that have a sum, and how many of these are not 1. Where all numbers are 0 there is no sum: such
     * a row is masked whole, or padding. Rows with NaN are not counted. */
    size_t rows, rows_off, columns, columns_off, pairs, pairs_off;
    double least, most; /* sums of rows */
    size_t broken;      /* rows that hold NaN or infinity */
    bool has_negative;
};

/* `heads` matrices make a layer. Errors: no memory. */
bool weights_check_begin(struct weights_check *check, size_t heads, size_t n, size_t m, struct error *error);
/* Adds the next matrix, n×m, rows last. */
void weights_check_add(struct weights_check *check, const float *matrix);
void weights_check_free(struct weights_check *check);

/* Of several that hold, the first of the enum counts, which a single row of a single head is. */
enum weights_sum weights_check_sum(const struct weights_check *check);

/*
 * Whether all numbers right of a diagonal j = i + *offset are 0, in all matrices, and this is a mask and no chance: the offset
 * is 0 or m - n, or no number of that diagonal is 0 in any matrix; and the diagonal leaves out a pair.
 */
bool weights_check_causal(const struct weights_check *check, int64_t *offset);

#endif
