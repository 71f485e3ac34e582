/*
 * Tokens that change places. With a token goes what the input has for it alone: its label, its rows of sequences, q, k, v and other
 * tensors, its row and column of a mask or bias. With the place stays what counts places: positions that were given, blocks, and
 * all settings, such as causal, windows, key_length or global tokens.
 */
#ifndef ATTN_PROBLEM_REORDER_H
#define ATTN_PROBLEM_REORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "problem/problem.h"

/* Whether keys change places with the queries, whose tokens they are; of another sequence, and of past tokens, they do not. */
bool reorder_moves_keys(const struct problem *problem);

/*
 * Makes inputs whose place i holds token order[i] of `from`, a permutation of the problem's n queries; `problem` was made of `from`.
 * All but the tensors that are rearranged and the labels is borrowed. Freed by reorder_free in any case, and `from` must outlive it.
 * Errors: no memory.
 */
bool reorder_inputs(struct inputs *to, const struct inputs *from, const struct problem *problem,
                    const size_t *order, struct error *error);
void reorder_free(struct inputs *to);

#endif
