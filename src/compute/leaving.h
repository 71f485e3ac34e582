/*
 * Tokens left out of the weights: of keys the columns, and where queries are keys the rows of the same tokens. It happens behind the
 * softmax, so that the other weights stay what they are, or are divided by what is left of their row. What comes
 * out is a problem of the tokens that stay, with these weights as given ones and its masks, which stands in the place of that of all tokens.
 */
#ifndef ATTN_COMPUTE_LEAVING_H
#define ATTN_COMPUTE_LEAVING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/cost.h"
#include "compute/result.h"
#include "problem/problem.h"
#include "tensor/tensor.h"

/* Tokens of one side that stay, by their places among all. */
struct left_side {
    size_t *at; /* owned */
    size_t count;
};

/* Begins zeroed; stays where it is, for the problem points to its tensors; freed by leaving_free. */
struct leaving {
    bool renormalizes; /* rows are divided by what is left of them */
    bool is_of_many;   /* of several texts, which need not all have each token */
    struct left_side queries, keys;
    struct tensor attention, mask; /* layers×heads×queries×keys; no mask where nothing is masked */
    const char *engine;            /* what computed the weights: as in struct result */
    const char *plain_reason;
    struct cost cost; /* of the weights of all tokens */
};

/* Finds what stays, of a problem of all tokens, where `names` (cmd's --leave-out) are left out. Errors: those of token_names_find; ERROR_USAGE where
 * no key or query would be left, or a patch of a grid would not. */
bool leaving_find(struct leaving *leaving, const char *const *names, size_t name_count,
                  const struct problem *problem, struct warnings *warnings, struct error *error);

/* Makes *left, which problem_free frees and which borrows the rest from the inputs of `all->problem`, from a result that keeps all
 * weights and masks of the chosen layers and heads. Warns of rows that have nothing left. Errors: no memory. */
bool leaving_make(struct problem *left, struct leaving *leaving, const struct result *all,
                  const struct selection *chosen, struct warnings *warnings, struct error *error);

void leaving_free(struct leaving *leaving);

#endif
