/* What values mean under the name, or in the file, that they came from: each in the one sense that everything behind it has. */
#ifndef ATTN_PROBLEM_SENSES_H
#define ATTN_PROBLEM_SENSES_H

#include <stdbool.h>

#include "base/error.h"
#include "problem/inputs.h"

/* Whether a tensor holds logits, added to scores or beside them. There -infinity means no weight, and so does null. */
bool sense_is_logit(enum input which);

/* A null among logits becomes the -infinity that it means. */
void senses_nulls(struct inputs *inputs);

/* Masks whose name says that nonzero attends get the sense that mask_true_blocks gives the others. `over` are the settings of
 * the command line, which win. Errors: no memory. */
bool senses_masks(struct inputs *inputs, const struct settings *over, struct error *error);

#endif
