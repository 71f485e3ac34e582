/* The cells of a matrix of weights that dropout made 0. */
#ifndef ATTN_VIEW_DROPPED_CELLS_H
#define ATTN_VIEW_DROPPED_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/excerpt.h"
#include "figure/heatmap.h"

/* Into flags[rows×columns], owned by the caller, 1 for each allowed pair of a stage that is made of the weights whose weight
 * dropout made 0, else 0; NULL where there is none: without dropout, in a mean, of words, and where cells are not pairs. `map` has
 * the numbers of head h of layer l of the excerpt, and their mask. Errors: no memory. */
bool dropped_cells(unsigned char **flags, const struct excerpt *excerpt, enum stage stage, size_t l, size_t h,
                   const struct heatmap *map, struct error *error);

#endif
