/*
 * A result of tokens that changed places, beside that of the given order: how far the output of each token moved. Attention is
 * equivariant where nothing goes by places: outputs change places with their tokens, and are the same numbers (Lee and others 2019,
 * arXiv:1810.00825, property 1). Positions and masks that count places break that.
 */
#ifndef ATTN_COMPUTE_ORDERING_H
#define ATTN_COMPUTE_ORDERING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/excerpt.h"
#include "compute/request.h"
#include "compute/result.h"
#include "compute/selection.h"
#include "problem/problem.h"

/* Begins zeroed; stays where it is, for the result points to the problem; freed by ordering_free in any case. */
struct ordering {
    size_t *order;  /* n: which token stands at each place; owned */
    size_t *places; /* n: at which place each token stands; owned */
    size_t n;
    struct inputs inputs;   /* in the changed order */
    struct problem given;   /* in the given order; its tokens are in it */
    struct result result;   /* of it */
    struct excerpt excerpt; /* of that */
    /* Of each layer of the excerpt and each token, as it was given: how far its output moved, |o' - o|. Owned. */
    double *moved;
    size_t layers;
    double largest;      /* of all; NaN where one is */
    double length;       /* the largest |o| */
    bool is_equivariant; /* it is no more than what float32 loses */
};

/* Takes the order, a permutation of the queries of `problem`, which becomes the problem of the changed order; `inputs`, of which it was
 * made, and the settings outlive it. Errors: those of problem_make, no memory. */
bool ordering_make(struct ordering *ordering, size_t *order, struct problem *problem,
                   const struct inputs *inputs, const struct settings *over, struct warnings *warnings,
                   struct error *error);

/* Computes the given order as `changed` and `excerpt` were, and compares the outputs, which are there. Errors: those of result_compute,
 * no memory. */
bool ordering_compare(struct ordering *ordering, const struct excerpt *changed, const struct request *request,
                      struct error *error);

void ordering_free(struct ordering *ordering);

#endif
