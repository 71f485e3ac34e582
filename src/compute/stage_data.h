/* The numbers of the stages of a result, for all layers. */
#ifndef ATTN_COMPUTE_STAGE_DATA_H
#define ATTN_COMPUTE_STAGE_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "compute/layer.h"
#include "compute/request.h"
#include "compute/stage.h"

/* One stage: layers×heads×rows×columns, packed; of pairs, those of chosen layers and heads. The output is one matrix as wide as all heads. */
struct stage_data {
    float *
        data; /* owned; NULL: not there, the mask, whose numbers are compute/masks.h's, or weights that were given */
    float **
        given; /* of weights that were given: where those of each layer lie, in place of data; the list is owned */
    size_t *place; /* of a stage of pairs, layers×heads: which matrix of data is theirs; SIZE_MAX: none, they
                      are not chosen; owned; NULL: all have one, in their order */
    struct stage_shape shape;
};

/* Lets the weights of a problem that were given stay where they are, heads×n×m a layer. Errors: no memory for the list. */
bool stage_data_lend(struct stage_data *weights, const struct problem *problem, struct error *error);

/* Takes memory for the requested stages, output and, unless the request is without them or they have been lent, weights. `cells`
 * are the cells of weights and mask.
 * Errors: no memory, ERROR_INPUT where a chosen layer does not have a requested stage. */
bool stage_data_make(struct stage_data stages[STAGE_COUNT], const struct problem *problem,
                     const struct request *request, const struct pair_cells *cells, struct error *error);

/* Fills in the stage `heads` of a layer, from the output of its heads before a gate and w_o, n×(heads·d_v); nothing where the
 * stage is not there. */
void stage_data_fill_heads(const struct stage_data stages[STAGE_COUNT], size_t layer, const float *heads);

/* Fills in those stages of a layer that has been computed, but for weights, heads, output and contributions. Errors: no memory. */
bool stage_data_fill(struct stage_data stages[STAGE_COUNT], const struct layer *layer, int threads,
                     struct error *error);

static inline bool stage_data_is_there(const struct stage_data *stage)
{
    return stage->data || stage->given;
}

/* Whether there is a matrix of layer l and head h. */
static inline bool stage_data_has(const struct stage_data *stage, size_t l, size_t h)
{
    return !stage->place || stage->place[l * stage->shape.heads + h] < SIZE_MAX;
}

/* Matrix of layer l and head h, which has one, rows×columns. */
static inline float *stage_data_matrix(const struct stage_data *stage, size_t l, size_t h)
{
    const size_t matrix = stage->shape.rows * stage->shape.columns, at = l * stage->shape.heads + h;
    if (stage->given)
        return stage->given[l] + h * matrix;
    return stage->data + (stage->place ? stage->place[at] : at) * matrix;
}

void stage_data_free(struct stage_data stages[STAGE_COUNT]);

#endif
