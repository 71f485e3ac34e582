/*
 * How much each token contributes to the output of a layer at each query, beyond the weight that it gets: by the part of the
 * output that is its own (token_parts.h).
 *
 *     norm            ‖part(i, j)‖₂ of attention alone
 *     norm-residual   ‖part(i, j)‖₂ whole, with the residual and a norm behind it
 *     alti            max(0, ‖output(i)‖₁ - ‖output(i) - part(i, j)‖₁), whole
 *
 * each divided by the sum of its row.
 *
 * Sources: norm: Kobayashi et al. 2020 (arXiv:2004.10102), ‖Σαf(x)‖. norm-residual: Kobayashi et al. 2021 (arXiv:2109.07152).
 * alti: Ferrando et al. 2022 (arXiv:2203.04212).
 */
#ifndef ATTN_COMPUTE_CONTRIBUTION_H
#define ATTN_COMPUTE_CONTRIBUTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/layer_rows.h"
#include "problem/problem.h"

enum contribution {
    CONTRIBUTION_WEIGHTS, /* the weights themselves: not made here */
    CONTRIBUTION_NORM,
    CONTRIBUTION_NORM_RESIDUAL,
    CONTRIBUTION_ALTI
};

/* Their names, in the order of the enum; NULL-terminated. */
extern const char *const contribution_names[];

/* Whether the residual is in the contributions already; they are then of all heads of a layer. */
static inline bool contribution_is_whole(enum contribution contribution)
{
    return contribution >= CONTRIBUTION_NORM_RESIDUAL;
}

/* Whether a layer, counted within the problem, has what the contributions are made of. Errors: ERROR_INPUT, which names what is
 * missing. */
bool contribution_check(enum contribution contribution, const struct problem *problem, size_t layer,
                        struct error *error);

/* Divides a row of contributions by its sum; not where that is 0 or not finite. */
void contribution_divide(float *row, size_t n);

/* How often the weights of a layer are passed for them, a block of queries at a time. */
size_t contribution_passes(const struct layer_rows *rows);

/* The contributions in a layer of the problem that `rows` is of, into matrix[n×n]; its rows sum to 1. A row that nothing
 * contributes to is 0, and one with NaN is not divided. Into mixing[n], unless that is NULL, the share of other tokens in each
 * query, by whole parts alone: ‖Σ over j ≠ i of part(i, j)‖/(that + ‖part(i, i)‖), Kobayashi et al. 2021's mixing ratio; NaN for 0/0. Beside the layer it holds the weights of a block of queries. The same
 * bytes for any number of threads. Errors: those of layer_rows_of and layer_make; no memory. */
bool contribution_matrix(float *matrix, float *mixing, struct layer_rows *rows, size_t layer,
                         enum contribution contribution, struct error *error);

#endif
