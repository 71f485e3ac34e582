/* What came out: the stages that were asked for, and the measures, of all or some layers, heads, queries and
 * keys. */
#ifndef ATTN_CORE_RESULT_H
#define ATTN_CORE_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "core/engine.h"
#include "core/measures.h"
#include "core/problem.h"
#include "core/reference.h"

/* One stage: layers×heads×rows×columns, packed. `output` has one head as wide as all. */
struct stage_data {
    float *data; /* owned; NULL: not held */
    size_t heads, rows, columns;
};

struct result {
    const struct problem *problem;
    struct stage_data stage[STAGE_COUNT];
    struct measures *measures; /* layer_count×head_count, always of whole heads */
    /* Which of the problem's layers, heads, queries and keys are here. */
    size_t layer_count, head_count;
    size_t *layer_index, *head_index;
    size_t query_first, query_count, key_first, key_count;
    bool selected; /* not everything is here */
    bool averaged; /* the one head here is the mean over those of head_index (averaged_count of them) */
    size_t averaged_count;
};

/* What to keep of a result. Lists NULL: all. */
struct selection {
    const size_t *layers, *heads;
    size_t layer_count, head_count;
    size_t query_first, query_end, key_first, key_end; /* end 0: to the last */
    bool average_heads;
};

/*
 * Computes a problem. `stages` is a set of bits 1 << STAGE_…; weights and output are always there (output
 * where there is a v). Stages before the weights come from the reference. Errors: ERROR_SYSTEM for memory,
 * ERROR_INPUT for a stage that given weights do not have.
 */
bool result_compute(struct result *result, const struct problem *problem, unsigned stages,
                    const struct engine_options *engine, struct warnings *warnings, struct error *error);

/* Keeps only what is selected; the selection has been checked against the problem (selection_check). */
bool result_select(struct result *result, const struct selection *selection, struct error *error);
void result_free(struct result *result);

/* ERROR_USAGE where a layer, head, query or key does not exist. Sets the ends that are 0. */
bool selection_check(struct selection *selection, const struct problem *problem, struct error *error);

/* Sets flags[query_count×key_count] to 1 where the pair of layer l and head h (counted within the result) is
 * masked, else to 0. Returns whether any is. */
bool result_mask(const struct result *result, size_t l, size_t h, unsigned char *flags);

/* Matrix of a stage of layer l and head h, rows×columns. */
static inline const float *stage_matrix(const struct stage_data *stage, size_t l, size_t h)
{
    return stage->data + (l * stage->heads + h) * stage->rows * stage->columns;
}

/* Whether the stage is about pairs of query and key; if not its columns are features. */
static inline bool stage_is_pairs(enum stage stage)
{
    return stage <= STAGE_WEIGHTS;
}

/* Whether its rows are keys. */
static inline bool stage_is_keys(enum stage stage)
{
    return stage == STAGE_K || stage == STAGE_V;
}

#endif
