/* What came out: the stages that were asked for, and the measures, of all or some layers, heads, queries and
 * keys. */
#ifndef ATTN_COMPUTE_RESULT_H
#define ATTN_COMPUTE_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/measures.h"
#include "attention/reference.h"
#include "base/error.h"
#include "engine/engine.h"
#include "problem/problem.h"

/* One stage: layers×heads×rows×columns, packed. `output` has one head as wide as all. */
struct stage_data {
    float *data; /* owned; NULL: not held */
    size_t heads, rows, columns;
    bool is_pairs; /* of query and key; if not its columns are features */
};

/* How much of the weights is held: all; where they are more than the limit, the chosen queries and keys; or
 * cells of them, pooled while they were computed. Output and measures are whole and exact in any case. */
enum kept { KEPT_ALL, KEPT_RANGE, KEPT_POOLED };

struct result {
    const struct problem *problem;
    enum kept kept;
    struct stage_data stage[STAGE_COUNT];
    size_t hidden;             /* pairs that masks forbid and that hold weight, which was given */
    struct measures *measures; /* layer_count×head_count, always of whole heads */
    /* Which of the problem's layers, heads, queries and keys are here. */
    size_t layer_count, head_count;
    bool heads_chosen; /* or averaged: the stages k and v have a head for each of these */
    size_t *layer_index, *head_index;
    size_t query_first, query_count, key_first, key_count;
    bool selected; /* not everything is here */
    /* What computed: the name of a kernel, "plain" if that was any layer, "none" if the weights were given. */
    const char *engine;
    bool averaged; /* the one head here is the mean over those of head_index (averaged_count of them) */
    size_t averaged_count;
    /* With KEPT_POOLED: each number of the weights stands for query_step×key_step of them, their largest or
     * their mean; and the heaviest keys of every row. Otherwise the steps are 1. */
    size_t query_step, key_step;
    bool pool_mean;
    struct row_key *top; /* layers×heads×n×top_count, of the problem; owned; NULL: not asked for */
    size_t top_count;
};

/* What to keep of a result. Lists NULL: all. */
struct selection {
    const size_t *layers, *heads;
    size_t layer_count, head_count;
    size_t query_first, query_end, key_first, key_end; /* end 0: to the last */
    bool average_heads;
};

/* What to compute. */
struct request {
    unsigned stages; /* bits 1 << STAGE_…; weights and output are always there (output where there is a v) */
    size_t max_weights;                /* numbers of a stage that may be held */
    bool pool_mean;                    /* pool by the mean; otherwise by the largest */
    bool top_keys;                     /* with what is pooled, remember the heaviest keys of each row */
    const struct selection *selection; /* has been checked by selection_check */
    struct engine_options engine;
};

/* Pooled weights have at most this many rows and columns, and over all heads at most max_weights cells (but
 * one a head); and this many keys a row are remembered. */
enum { POOLED_SIDE = 1024, TOP_KEYS = 8 };

/* How much would be held. */
enum kept result_kept(const struct problem *problem, const struct request *request);

/*
 * Computes a problem. Stages before the weights come from the reference. Errors: ERROR_SYSTEM for memory and
 * for what cannot be had of pooled weights, ERROR_INPUT for a stage that given weights do not have.
 */
bool result_compute(struct result *result, const struct problem *problem, const struct request *request,
                    struct warnings *warnings, struct error *error);

/* Keeps only what is selected. */
bool result_select(struct result *result, const struct selection *selection, struct error *error);
void result_free(struct result *result);

/* ERROR_USAGE where a layer, head, query or key does not exist. Sets the ends that are 0. */
bool selection_check(struct selection *selection, const struct problem *problem, struct error *error);

/* Sets flags[rows×columns] of the weights to 1 where the pair of layer l and head h (counted within the
 * result) is masked, where pooled: all pairs of the cell; else to 0. Returns whether any is. */
bool result_mask(const struct result *result, size_t l, size_t h, unsigned char *flags);

/* Heads in the stages k and v. */
static inline size_t result_kv_heads(const struct result *result)
{
    return result->heads_chosen ? result->head_count : result->problem->kv_heads;
}

/* Matrix of a stage of layer l and head h, rows×columns. */
static inline const float *stage_matrix(const struct stage_data *stage, size_t l, size_t h)
{
    return stage->data + (l * stage->heads + h) * stage->rows * stage->columns;
}

/* Whether the stage of the chosen layers is about pairs of query and key. */
bool stage_is_pairs(const struct problem *problem, const struct selection *selection, enum stage stage);

/* Whether its rows are keys. */
static inline bool stage_is_keys(enum stage stage)
{
    return stage == STAGE_K || stage == STAGE_V;
}

#endif
