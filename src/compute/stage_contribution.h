/*
 * The stages of what each key contributes to a query of a head, beyond the weight that it gets:
 *
 *     contribution(i, j)        |weight(i, j)|·‖f(j)‖₂, f(j) = v(j) by the rows of w_o that are the head's, or v(j) without w_o
 *     contribution_share(i, j)  that divided by the sum of its row
 *
 * which is the length of what weight(i, j)·v(j) adds to the output. A weight of 0 contributes nothing, whatever the value is.
 *
 * Source: Kobayashi et al. 2020 (arXiv:2004.10102), section 3: ‖αf(x)‖ of one head.
 */
#ifndef ATTN_COMPUTE_STAGE_CONTRIBUTION_H
#define ATTN_COMPUTE_STAGE_CONTRIBUTION_H

#include <stdbool.h>

#include "base/error.h"
#include "compute/layer.h"
#include "compute/stage_data.h"

/* Fills in those of both that are there, of a layer whose weights are: each from a product in double precision. A row that nothing
 * contributes to is 0 in both, and one with what is not finite has NaN there. Errors: no memory. */
bool stage_contribution_fill(struct stage_data stages[STAGE_COUNT], const struct layer *layer,
                             struct error *error);

#endif
