/* The stages of a result beside weights and output. For result.c only. */
#ifndef ATTN_COMPUTE_STAGE_H
#define ATTN_COMPUTE_STAGE_H

#include "compute/layer.h"
#include "compute/result.h"

/* Takes the memory for the stages of all layers, weights and output as well. `selection` says which layers
 * must have what was asked for. */
bool stages_make(struct result *result, unsigned stages, const struct selection *selection,
                 struct error *error);

/* Fills in what was asked for of a layer that has been computed; not the weights, not the output. */
bool stages_keep(struct result *result, const struct layer *layer, int threads, struct error *error);

#endif
