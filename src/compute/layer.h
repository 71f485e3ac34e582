/* Computing one layer: its q, k and v, its heads, its output. For result.c only. */
#ifndef ATTN_COMPUTE_LAYER_H
#define ATTN_COMPUTE_LAYER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "engine/engine.h"
#include "problem/problem.h"

/* q (0), k (1) or v (2) over all its heads: head h at data + h*head_step. */
struct operand {
    struct strided matrix; /* of head 0 */
    size_t heads, columns, head_step;
    float *owned; /* NULL where it is somebody else's */
};

/* What one layer needs while it is computed. */
struct layer {
    const struct problem *problem;
    size_t index;
    const float *previous;      /* output of the layer below, n×d_out; NULL in the first */
    float *encoded[2];          /* embeddings and context with their positions; NULL: as they are */
    float *normed;              /* the sequence after the layer norm; NULL: there is none */
    struct operand operand[3];  /* q, k, v as the stages show them */
    struct operand compared[2]; /* q and k as they meet, where that is something else */
    struct head *heads;         /* problem->heads, ready for the engines; NULL where weights are given */
    float *concat;              /* n×(heads·d_v), the output before w_o; NULL where there is no w_o */
    struct row_measures *rows;  /* heads×n */
};

/* Projects and turns what must be, and sets up the heads. Freed by layer_free in any case. */
bool layer_make(struct layer *layer, const struct problem *problem, size_t index, const float *previous,
                const struct engine_options *engine, struct error *error);
void layer_free(struct layer *layer);

/* q (0), k (1) or v (2) of a head, counted as q or as K/V heads. */
struct strided layer_operand(const struct layer *layer, int which, size_t head);

/* Where the output of head h goes (row step heads·d_v): into `output`, n×d_out, or what w_o is applied to. */
bool layer_output_make(struct layer *layer, float *output, struct error *error);
float *layer_head_output(const struct layer *layer, float *output, size_t head);
/* Applies w_o and b_o, the residual and the norm, if any. */
bool layer_output_finish(const struct layer *layer, float *output, const struct engine_options *engine,
                         struct error *error);

#endif
