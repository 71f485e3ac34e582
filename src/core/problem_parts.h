/* The parts of problem_make that have a file of their own. For problem*.c only. */
#ifndef ATTN_CORE_PROBLEM_PARTS_H
#define ATTN_CORE_PROBLEM_PARTS_H

#include "core/problem.h"

/* What the numbers may be: 0 and 1 in a mask, no booleans elsewhere; null in a bias becomes -infinity. Warns
 * of NaN and infinities, and of weights that do not sum to 1. */
bool problem_check_values(struct problem *problem, struct inputs *inputs, struct warnings *warnings,
                          struct error *error);

/* Names the tensors that no layer takes. */
void problem_warn_unused(const struct problem *problem, const struct inputs *inputs,
                         struct warnings *warnings);

/* Sets tokens and key_tokens to exactly n and m labels. */
bool problem_make_labels(struct problem *problem, const struct inputs *inputs, struct warnings *warnings,
                         struct error *error);

#endif
