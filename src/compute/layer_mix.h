/*
 * How one layer of attention mixes its tokens, as a matrix: the heads combined into one, and the residual stream beside them.
 *
 *     mixed[i][j] = (c·[i = j] + (1 - c)·w[i][j]) / (c + (1 - c)·sum over j of w[i][j])
 *
 * w is the mean of the heads' weights, or the largest or smallest of them, or the contributions of tokens to the output
 * (contribution.h); c is the share of the residual. Each row sums to 1. A row that sees nothing is its own token alone; with c = 0 it is all 0.
 *
 * Source: Abnar and Zuidema 2020 (arXiv:2005.00928) section 3, with c = 1/2 and the mean; their code divides rows by their sums,
 * too. Largest, smallest and discarding: common in code for vision transformers.
 */
#ifndef ATTN_COMPUTE_LAYER_MIX_H
#define ATTN_COMPUTE_LAYER_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "compute/contribution.h"
#include "compute/layer_rows.h"
#include "engine/weights.h"

struct mix_options {
    enum contribution contribution; /* what w is made of, if not of weights */
    double identity;                /* c, from 0 to 1 */
    enum combine combine;
    double
        discard; /* the share of the n·n combined weights, the smallest, that become 0, but for those of key 0 */
};

/* What was seen of rows on the way, of all layers so far. */
struct mix_seen {
    size_t rows;  /* all */
    size_t blind; /* that see nothing, in any head */
    size_t
        off; /* that see something, and whose mean over heads does not sum to 1; the mean alone counts them */
    size_t nan; /* that hold NaN or infinity */
    float *
        mixing; /* where contributions put the share of other tokens in the next layer's n queries; NULL: nowhere */
};

/* How far the sum of a row may be from 1 and count as 1: the rounding of 16-bit floats and of printed decimals. */
#define MIX_TOLERANCE 2e-3

/* Mixes a layer of the problem that `rows` is of into matrix[n×n]. Holds nothing else of n×n. The
 * same bytes for any number of threads. Errors: ERROR_INPUT for weights below 0, which are no shares; those of
 * layer_rows_pass and contribution_matrix; no memory. */
bool layer_mix(float *matrix, struct layer_rows *rows, size_t layer, const struct mix_options *options,
               struct mix_seen *seen, struct error *error);

/* The error of a query with a weight below 0; returns false. */
bool mix_error_negative(const struct problem *problem, size_t layer, size_t query, struct error *error);

#endif
