/*
 * What came out of a problem, whole: the stages that were asked for, the masks, and the measures of every
 * head. Nothing changes it once it is computed; parts of it are looked at through compute/excerpt.h.
 */
#ifndef ATTN_COMPUTE_RESULT_H
#define ATTN_COMPUTE_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/measures.h"
#include "base/error.h"
#include "compute/given.h"
#include "compute/masks.h"
#include "compute/next_tokens.h"
#include "compute/precision.h"
#include "compute/request.h"
#include "compute/stage_data.h"
#include "engine/engine.h"
#include "problem/problem.h"

/* Begins zeroed; freed by result_free in any case. */
struct result {
    const struct problem *problem;
    bool *layers; /* whether each was computed: result_has_layer; owned */
    bool *heads;  /* layers×heads, whether each was: result_has_head; owned */
    enum kept kept;
    struct pair_cells cells; /* the pairs whose weights are kept, and their mask */
    /* With KEPT_RANGE: the other queries were not computed. Measures (but for `allowed`) and output are of the chosen ones
     * alone; other rows of the output are 0 or what is made of 0. */
    bool only_chosen;
    bool is_joined; /* queries and keys are words, of one or more tokens each: compute/joining.h */
    bool pool_mean; /* with KEPT_POOLED: a number is the mean of its cell; otherwise the largest */
    struct stage_data stage[STAGE_COUNT];
    struct masks masks;
    /* layers×heads of the problem, of all keys, and queries unless only_chosen; owned. With KEPT_NOTHING they have no rows,
     * and only count: the rows that see nothing, those whose output is NaN, and the allowed pairs. Zeroed for a layer or a head that was
     * not computed. */
    struct measures *measures;
    struct row_key *top; /* layers×heads×n×top_count; owned; NULL: not asked for */
    size_t top_count;
    struct next_tokens next;    /* what comes after the last token, where the input has an unembed */
    struct precision precision; /* rows whose scores are too large for float32 */
    struct given_layer *given;  /* of each layer, where weights were given; owned */
    /* What computed: the name of a kernel, "plain" if that was any layer, "none" if the weights were
     * given. */
    const char *engine;
    const char *plain_reason; /* why it was "plain": engine_plain_reason; otherwise NULL */
};

/* Whether a layer will be computed: it is chosen, or layers take the output of the one below. Of others the result has no
 * numbers. */
bool result_has_layer(const struct problem *problem, const struct request *request, size_t layer);

/* Whether a head will be computed: it is chosen, or what is made of all heads is needed: an output through w_o or a norm, the whole
 * output, the layer above, what watches the output of heads. Of others the result has no numbers, and their columns of an output are 0. */
bool result_has_head(const struct problem *problem, const struct request *request, size_t layer, size_t head);

/* Whether each head of a layer was computed. */
static inline const bool *result_heads(const struct result *result, size_t layer)
{
    return result->heads + layer * result->problem->heads;
}
/* How many heads of a layer were computed. */
size_t result_head_count(const struct result *result, size_t layer);

/* Whether only the chosen queries of a problem will be computed: only_chosen of its result. */
bool result_is_chosen(const struct problem *problem, const struct request *request);

/*
 * Computes a problem, which must outlive the result. Stages before the weights come from the reference.
 * Errors: ERROR_SYSTEM for memory and for stages and means that need weights which are not kept, ERROR_INPUT
 * for a stage that the problem does not have.
 */
bool result_compute(struct result *result, const struct problem *problem, const struct request *request,
                    struct warnings *warnings, struct error *error);

void result_free(struct result *result);

#endif
