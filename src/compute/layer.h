/* Computing one layer: its q, k and v, its heads, its output. */
#ifndef ATTN_COMPUTE_LAYER_H
#define ATTN_COMPUTE_LAYER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "engine/engine.h"
#include "problem/problem.h"

/* q (0), k (1) or v (2) over all its heads: head h begins at matrix.data + h*head_step. */
struct operand {
    struct strided matrix; /* of head 0: rows×columns */
    size_t heads, columns, head_step;
    float *owned; /* NULL: the numbers belong to the inputs */
};

/* A layer while it is computed. Set by layer_make; freed by layer_free in any case. */
struct layer {
    const struct problem *problem;
    size_t index;          /* of the problem's layers */
    const float *previous; /* output of the layer below, n×d_out, borrowed; NULL in the first */
    float *encoded[2];     /* embeddings and context plus sinusoidal positions; NULL: none are added */
    float *normed;         /* the sequence after a norm before the attention; NULL: there is no such norm */
    struct operand operand[3];  /* q, k, v as the stages show them: n, m, m rows */
    struct operand compared[2]; /* q and k as the score takes them, where that differs; owned */
    struct head *minus; /* as many: those whose weights are taken off; NULL: no differential attention */
    struct head *heads; /* problem->heads of them, ready for the engines; NULL: weights are given */
    float *concat;      /* n×(heads·d_v), the output before w_o; NULL: there is no w_o and no b_o */
    struct row_measures *rows; /* heads×n */
};

/* Projects and rotates q, k and v, and sets up the heads. Errors: no memory. */
bool layer_make(struct layer *layer, const struct problem *problem, size_t index, const float *previous,
                const struct engine_options *engine, struct error *error);
void layer_free(struct layer *layer);

/* q (0), k (1) or v (2) of a head, counted as q or as K/V heads. */
struct strided layer_operand(const struct layer *layer, int which, size_t head);

/* The sequence that the layer reads, n×d_model: the embeddings with sinusoidal positions, or the output of the layer below. It has
 * no norm yet, and is what the residual adds. */
const float *layer_input(const struct layer *layer);

/* Takes memory for the output before w_o, if there is a w_o. `output`, n×d_out, is the caller's; NULL: not
 * wanted. */
bool layer_output_make(struct layer *layer, float *output, struct error *error);
/* Where a head puts its output, with row step heads·d_v: in `output`, or before w_o. */
float *layer_head_output(const struct layer *layer, float *output, size_t head);
/* Applies w_o and b_o, the residual and the norm, each if there is one. */
bool layer_output_finish(const struct layer *layer, float *output, const struct engine_options *engine,
                         struct error *error);

#endif
