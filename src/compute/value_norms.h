/*
 * What a head writes of each key: |f(x_j)| with f(x_j) = v_j·W_O of the head, or v_j where there is no W_O (Kobayashi et al. 2020,
 * "Attention is Not Only a Weight", section 3). b_O, which no head has for itself, is left out.
 */
#ifndef ATTN_COMPUTE_VALUE_NORMS_H
#define ATTN_COMPUTE_VALUE_NORMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/layer.h"

/* Of the heads of one layer after the other. Begins zeroed; freed by value_norms_free in any case. */
struct value_norms {
    size_t heads, n, m, d_v;
    float *keys; /* heads×m: |f(x_j)|; owned; NULL: the layer has none */
    double *
        gram; /* heads×d_v×d_v: W_O·W_Oᵀ of each head, so that |x·W_O|² = x·G·xᵀ; owned; NULL: there is no W_O */
    double *output; /* heads×n, after value_norms_output: |Σ_j a_ij f(x_j)|; owned */
};

/* Those of a layer that is about to be computed, in the place of those of another. There are none without v, and with a gate behind the
 * heads. Errors: no memory. */
bool value_norms_make(struct value_norms *norms, const struct layer *layer, struct error *error);

/* What heads have written in each row, once they have: `heads` is their output before W_O, n×(heads·d_v). Errors: no memory. */
bool value_norms_output(struct value_norms *norms, const float *heads, struct error *error);

void value_norms_free(struct value_norms *norms);

#endif
