/* What a result cost to compute. */
#ifndef ATTN_COMPUTE_COST_H
#define ATTN_COMPUTE_COST_H

#include <stdbool.h>

#include "base/error.h"
#include "compute/result.h"

/* Over all heads of the layers, and of the queries, that were computed; begins zeroed. */
struct cost {
    double pairs;   /* of query and key */
    double allowed; /* those of them that the masks allow */
    /* Products that were added up for scores and output, d_k + d_v for each allowed pair. Without what else is done for a
     * pair, skipped or masked ones, and projections; none for given weights and for recurrences, which have no scores. Where the output came of a state:
     * d_k·d_v for each key and query. */
    double multiply_adds;
};

/* Adds a result. Errors: no memory. */
bool cost_add(struct cost *cost, const struct result *result, struct error *error);

#endif
