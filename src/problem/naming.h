/* The names that people give to layers and heads. */
#ifndef ATTN_PROBLEM_NAMING_H
#define ATTN_PROBLEM_NAMING_H

#include "problem/inputs.h"
#include "problem/problem.h"

/* Takes the names of the inputs for the layers and heads of the problem, which borrows them: a layer's own before those of all. Names of
 * other numbers of layers or heads are not taken, with a warning. */
void problem_name_heads(struct problem *problem, const struct inputs *inputs, struct warnings *warnings);

#endif
