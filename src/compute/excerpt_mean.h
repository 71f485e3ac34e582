/* The mean over the chosen heads, layers, or both: the numbers that an excerpt has of its own. */
#ifndef ATTN_COMPUTE_EXCERPT_MEAN_H
#define ATTN_COMPUTE_EXCERPT_MEAN_H

#include "compute/excerpt.h"

/* Makes the mean that mean.heads and mean.layers of the excerpt ask for, whose lists and shapes are there; the result
 * keeps all weights and masks. Errors: no memory. */
bool excerpt_mean_make(struct excerpt *excerpt, struct error *error);

void excerpt_mean_free(struct excerpt *excerpt);

#endif
