/*
 * How much of a head's weight simple patterns of pairs hold, all with as many pairs: the patterns of which sparse kernels choose
 * (MInference: Jiang et al. 2024, "MInference 1.0: Accelerating Pre-filling for Long-Context LLMs via Dynamic Sparse Attention", section
 * 3). There lines are guessed from the last queries, for speed; here they are taken from all of them.
 */
#ifndef ATTN_COMPUTE_SPARSE_PATTERNS_H
#define ATTN_COMPUTE_SPARSE_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/head.h"
#include "base/error.h"

/* A head, and what may be spent. */
struct sparse_head {
    const struct head *rules; /* what masks its pairs */
    struct strided weights;   /* n×m, column step 1 */
    size_t n, m;
    int64_t offset; /* the place of query 0 among the keys */
    double budget;  /* the share of the pairs that may be seen, above 0 and up to 1 */
    size_t block;   /* the side of a block, 1 or more */
};

/*
 * Recalls: the share of the weight that the pairs of a pattern hold, from 0 to 1, of at most ⌊budget · pairs⌋ pairs, but one at least.
 * Only pairs that may be seen count, of rows whose weights are none below 0, all finite, and not all 0. NaN where there are none.
 *
 * a_shape: the first s keys, and the keys less than w places from the query (StreamingLLM, Xiao et al. 2023); of s = 0, 1, 2, 4, … m, with
 * the largest w for each, what holds most.
 * vertical_slash: whole columns and whole diagonals. Of each of 0, ⅛, … 1 of the budget for columns, what holds most: the columns with
 * the most weight a pair, then with all that is left the diagonals with the most weight a pair outside these columns; a line that does
 * not fit is passed over, of equal ones the first comes first (diagonals: the least key − query).
 * blocks: squares of `block` queries and keys, from query and key 0 on, those with the most weight a pair, likewise.
 *
 * keys_90, keys_95: how many keys, the heaviest first, make that share of a row: the median over the rows.
 */
struct sparse_recalls {
    double a_shape, vertical_slash, blocks, keys_90, keys_95;
};

/* Errors: no memory. */
bool sparse_measure(const struct sparse_head *head, struct sparse_recalls *recalls, struct error *error);

#endif
