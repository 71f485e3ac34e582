/* The layers of a computation that have one size. */
#ifndef ATTN_CMD_PART_H
#define ATTN_CMD_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/joining.h"
#include "compute/leaving.h"
#include "compute/ordering.h"
#include "compute/request.h"
#include "compute/result.h"
#include "compute/selection.h"
#include "problem/inputs.h"
#include "problem/problem.h"

/* Mostly there is one, of all layers. Begins zeroed; freed by part_free. Stays where it is, for what is in it points to the rest of it. */
struct part {
    struct inputs *inputs; /* of these layers; of the list `inputs_of` of the computation */
    struct problem problem;
    struct selection selection; /* of the command line; the layers are those of the part */
    size_t *layers, *heads;     /* its lists; owned */
    double *values;             /* of the heads, where they were picked by a measure; owned */
    size_t row_count;           /* of `layers`, and of `heads` where these are picked */
    struct request request;
    struct result result;
    struct leaving *leaving; /* where tokens are left out, which are in no other of these; else NULL; owned */
    struct joining joining;
    struct ordering *ordering; /* where tokens changed places: the given order; else NULL; owned */
    /* What is shown: of words where tokens are joined, else of tokens. The selection is of this. */
    const struct problem *shown;
    struct selection whole; /* of tokens, where these are joined */
};

/* Whether the layer of that number is one of the part. */
bool part_has_layer(const struct part *part, size_t number);

/* Adds a layer to those that are chosen of a part, and its head and its value to those that are picked (NULL: all alike). Errors: no
 * memory. */
bool part_add(struct part *part, size_t layer, const size_t *head, const double *value, struct error *error);
/* Forgets which layers and heads were chosen. */
void part_forget(struct part *part);
void part_free(struct part *part);

#endif
