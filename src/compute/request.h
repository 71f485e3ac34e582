/*
 * A request for a result: stages, selection and engine; how much of the weights will be kept for it, and
 * whether that is enough for what will be made of the result.
 */
#ifndef ATTN_COMPUTE_REQUEST_H
#define ATTN_COMPUTE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/forms.h"
#include "base/error.h"
#include "engine/engine.h"
#include "engine/weights.h"
#include "problem/problem.h"

struct selection; /* compute/selection.h */
struct layer;     /* compute/layer.h */

/* What a row of weights that were given sums up to, over keys [from, end): those that its masks leave, or all. */
struct row_sums {
    size_t from, end;
    struct weight_sums sums;
};

/* Rows first..first+count-1 of a head: `stride` numbers from the first key of one to that of the next. */
struct row_batch {
    size_t first, count;
    const float *weights;
    size_t stride;
    const struct row_sums *sums; /* count; NULL: they were not summed up */
};

/* A callback for rows of weights, of every layer and head that is computed or was given, as struct row_receiver has it; the number
 * of the thread is that of workers_self. `layer` is counted within the problem. Whatever is kept of the weights; not where only
 * the chosen queries are computed (only_chosen of the result). */
struct row_watch {
    void (*rows)(void *context, size_t layer, size_t head, const struct row_batch *batch);
    /* Called before the rows of a layer that is computed, and behind its last: `heads` is the output of its heads before w_o,
     * n×(heads·d_v), or NULL. Either may be NULL. Errors: no memory. */
    bool (*begins)(void *context, const struct layer *layer, struct error *error);
    bool (*ends)(void *context, const struct layer *layer, const float *heads, struct error *error);
    bool
        wants_scores; /* also how the scores of each row are spread, in the measures of its layer (struct row_measures) */
    void *context;
};

struct request {
    /* Bits 1 << STAGE_…; output where there is a v, and weights but for without_weights, are always there. */
    unsigned stages;
    size_t max_weights; /* numbers of a stage that may be kept */
    bool pool_mean;     /* pool by the mean; otherwise by the largest */
    bool top_keys;      /* where weights are pooled, keep the heaviest keys of each row */
    bool
        measures_only; /* of the weights keep nothing but measures and output, which are exact all the same */
    bool without_masks; /* only count the masked pairs: neither pictures nor JSON will be made */
    bool for_measures;  /* a file of measures will be made */
    /* Compute neither weights nor measures, but what stages there are without them: request_needs_weights says no, of
     * every part of what is shown. */
    bool without_weights;
    const char
        *whole_for; /* the option that needs every weight and the masks of all pairs; NULL: none does */
    struct row_watch watch;            /* rows may be NULL: nobody watches */
    const struct selection *selection; /* has been checked by selection_check */
    struct engine_options engine;
};

/* How much of the weights is kept: all; where they are more than the limit, the chosen queries and keys; or
 * cells of them, pooled while they were computed. Output and measures are exact in any case, and whole but for those of
 * chosen queries (only_chosen in compute/result.h). Or nothing: there are no weights and no measures. */
enum kept { KEPT_ALL, KEPT_RANGE, KEPT_POOLED, KEPT_NOTHING };

/* The pairs of query and key of which numbers are kept, in which cells: each number stands for
 * query_step×key_step pairs (those at the end for fewer), with KEPT_POOLED; otherwise the steps are 1. */
struct pair_cells {
    size_t query_first, query_count, key_first, key_count;
    size_t query_step, key_step;
    size_t rows, columns; /* of cells */
};

/* Pooled weights have at most this many rows and columns, and over all heads at most max_weights cells (but
 * one a head); and this many keys a row are remembered. */
enum { POOLED_SIDE = 1024, TOP_KEYS = 8 };

/* Whether the weights are needed: for all forms whose output is made of them; and for linear attention and recurrences,
 * which have an output without them, unless it was asked for, no stage of pairs was, and nothing else will be made of the
 * weights. */
bool request_needs_weights(const struct request *request, const struct problem *problem);

/* "12×1×512×512": the weights of the chosen layers and heads, of which --max-weights limits the number. */
struct request_size {
    char text[96];
};
struct request_size request_size(const struct request *request, const struct problem *problem);

/* How much of the weights would be kept. */
enum kept request_kept(const struct request *request, const struct problem *problem);

/* How much of the pairs of a stage a use of it needs: cells, or whatever is kept (pictures, JSON); every
 * number of the chosen pairs (CSV, NPY, patches); every number of all pairs (the mean over heads, whose
 * measures are of whole rows, and stages of pairs other than weights and mask). */
enum detail { DETAIL_CELLS, DETAIL_CHOSEN, DETAIL_ALL };

/* Whether a stage can be had in that detail. What is not of pairs always can. */
bool request_offers(const struct request *request, const struct problem *problem, enum stage stage,
                    enum detail detail);

/* Plans which weights are kept. ERROR_SYSTEM, with a message that says what cannot be had, where the request
 * needs more of them. */
bool request_plan(const struct request *request, const struct problem *problem, enum kept *kept,
                  struct pair_cells *cells, struct error *error);

#endif
