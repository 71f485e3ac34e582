/*
 * One row of the output of a layer as a sum over its heads: the output of head h, weights·v, times the rows of w_o that are its
 * own. Their sum with b_o is (head 0, head 1, … side by side)·w_o + b_o (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2).
 */
#ifndef ATTN_COMPUTE_EXPLAIN_HEADS_H
#define ATTN_COMPUTE_EXPLAIN_HEADS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/layer.h"

/* In double precision. Begins zeroed; freed by explain_heads_free in any case. */
struct explain_heads {
    size_t count;       /* heads; 0: there is no w_o, or a gate comes first */
    size_t d_v, d_out;  /* columns of the output of a head, and of the layer */
    double *output;     /* count×d_v; owned, as the next two */
    double *carried;    /* count×d_out: output·w_o, head by head */
    double *sum;        /* d_out: the carried ones added up, and b_o */
    const float *added; /* b_o; NULL: there is none. Borrowed */
};

/* Of a query and all heads of a layer that layer_make made, with v. Errors: no memory. */
bool explain_heads_make(struct explain_heads *heads, const struct layer *layer, size_t query,
                        struct error *error);
void explain_heads_free(struct explain_heads *heads);

#endif
