/*
 * The kinds of stages: what their rows, columns and heads are, and which problems have them. The stages by
 * name are in attention/forms.h, their formulas in attention/head.h.
 */
#ifndef ATTN_COMPUTE_STAGE_H
#define ATTN_COMPUTE_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/forms.h"
#include "base/error.h"
#include "compute/selection.h"
#include "problem/problem.h"

/* Of which heads a stage has matrices: one of all together, one a head of keys and values, or one a head. */
enum stage_heads { STAGE_HEADS_JOINT, STAGE_HEADS_KV, STAGE_HEADS_EACH };

/* The matrices of a stage in one layer. */
struct stage_shape {
    enum stage_heads whose;
    size_t heads; /* matrices; 0: there is no such stage */
    size_t rows, columns;
    bool is_pairs; /* rows are queries, columns keys; otherwise columns are features */
};

/* Whether the rows of a stage are keys; they are queries otherwise. */
bool stage_is_keys(enum stage stage);

/* Whether a stage is of pairs of query and key. The position encoding is where a chosen layer adds it to the
 * scores (ALiBi, relative). */
bool stage_is_pairs(const struct problem *problem, const struct selection *selection, enum stage stage);

/* Whether a stage is made of the weights and of the lengths of values: contribution or contribution_share. */
static inline bool stage_is_contribution(enum stage stage)
{
    return stage == STAGE_CONTRIBUTION || stage == STAGE_CONTRIBUTION_SHARE;
}

/* The shape of a whole stage, all pairs of it; what of the pairs is kept is compute/request.h. ERROR_INPUT
 * where a chosen layer does not have it. */
bool stage_find(struct stage_shape *shape, enum stage stage, const struct problem *problem,
                const struct selection *selection, struct error *error);

/* Columns of a layer's position encoding (stage ENCODING); 0 if it has none. *each: one matrix a head (ALiBi,
 * relative) instead of one for all. Sinusoidal has none where q is given or comes from the layer below. */
size_t stage_encoding_columns(const struct problem_layer *layer, size_t m, bool *each);

#endif
