/*
 * Attention rollout: how much of each input token there is in each token above the last layer, if attention is all that moves
 * anything and every token's share is mixed as its weights say. The product of the layers' mixed matrices (layer_mix.h), last
 * layer first; rows are tokens above, columns input tokens, and each row sums to 1.
 *
 * Source: Abnar and Zuidema 2020 (arXiv:2005.00928) section 3.
 */
#ifndef ATTN_COMPUTE_ROLLOUT_H
#define ATTN_COMPUTE_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/layer_mix.h"
#include "compute/layer_rows.h"
#include "compute/result.h"
#include "compute/selection.h"
#include "problem/problem.h"

/* Begins zeroed; stays where it is; freed by rollout_free in any case. */
struct rollout {
    struct mix_options mix;
    size_t first, end;    /* the layers, counted within the problem */
    struct problem lower; /* those whose output others take */
    struct result below;  /* their output */
    struct layer_rows rows;
    struct mix_seen seen;
    float *
        mixing; /* layers×n, the share of other tokens in each query (contribution.h); NULL: not asked for; owned */
};

/*
 * Checks that the chosen layers of a problem follow each other and are of self-attention, and computes what layers take from the
 * one below. Problem and selection must outlive it. `mix` is set before. Errors: ERROR_INPUT for queries that are no keys,
 * ERROR_USAGE for layers that are not one behind the other, or of which not as many heads are picked; those of result_compute.
 */
bool rollout_open(struct rollout *rollout, const struct problem *problem, const struct selection *selection,
                  const struct engine_options *engine, struct error *error);

/* Gives the mixed matrix of each layer, the first one first, to a callback, which may change it, and of which false ends all. One n×n is held. Errors: those
 * of layer_mix; ERROR_SYSTEM where `matrices` of n×n are more than the machine can hold. */
bool rollout_layers(struct rollout *rollout, size_t matrices,
                    bool (*layer)(void *context, float *matrix, struct error *error), void *context,
                    struct error *error);

/* Asks rollout_layers for the share of other tokens in each query. Errors: no memory. */
bool rollout_ask_mixing(struct rollout *rollout, struct error *error);

/* The whole rollout, n×n in float32, into *matrix, which the caller frees and is NULL after an error; with *mixed (unless `mixed`
 * is NULL), the matrices of the layers it is the product of, the first one first. Errors: as above. */
bool rollout_matrix(struct rollout *rollout, float **matrix, float **mixed, struct error *error);

void rollout_free(struct rollout *rollout);

#endif
