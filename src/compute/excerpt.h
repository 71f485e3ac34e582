/*
 * A view of a result: some of its layers, heads, queries and keys, or the mean over layers or heads. The result stays
 * as it is, so that there may be any number of excerpts of one. Only a mean has numbers of its own.
 *
 *     struct excerpt e = {0};
 *     if (selection_check(&selection, problem, error) && excerpt_make(&e, &result, &selection, error))
 *         matrix = excerpt_matrix(&e, STAGE_WEIGHTS, 0, 0);
 *     excerpt_free(&e);
 */
#ifndef ATTN_COMPUTE_EXCERPT_H
#define ATTN_COMPUTE_EXCERPT_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/head.h"
#include "base/error.h"
#include "compute/result.h"
#include "compute/selection.h"

/* The mean over the chosen heads, layers, or both; begins zeroed. */
struct excerpt_mean {
    size_t heads, layers;      /* how many it is the mean of; 0: they are as they are */
    float *stage[STAGE_COUNT]; /* layers×heads×rows×columns; NULL: there is no such stage, or no mean of it */
    struct measures *measures; /* layers×heads, of all queries and keys */
    uint8_t **masks; /* layers×heads: bits set where all that it is over have them; NULL: none is */
};

/* Begins zeroed; freed by excerpt_free in any case. The result must outlive it. Layers, heads, rows and
 * columns are counted from 0 within the excerpt. */
struct excerpt {
    const struct result *result;
    size_t layer_count, head_count; /* 1 where a mean is over them */
    size_t *
        layer_index; /* the problem's numbers of the layers, or of the mean.layers that a mean is over; owned */
    size_t *head_index; /* those of the heads of each, layer by layer, likewise: excerpt_head */
    size_t query_first, query_count, key_first, key_count;
    bool is_part;         /* not all of the result, or a mean */
    bool is_picked;       /* each layer is one chosen head: a layer may come again */
    const double *values; /* of picked heads: those of the selection, likewise the name */
    const char *measure;
    bool has_own_heads; /* heads were chosen or averaged: stages k and v have a matrix a query head */
    bool splits_output; /* the output has the columns of the chosen heads alone */
    struct stage_shape shape[STAGE_COUNT]; /* of each stage; heads 0: the result does not have it */
    struct excerpt_mean mean;
};

/*
 * `selection` has been checked by selection_check. Errors: ERROR_SYSTEM for memory, for queries or keys of
 * which the result keeps nothing, and for a mean of weights that are not all kept.
 */
bool excerpt_make(struct excerpt *excerpt, const struct result *result, const struct selection *selection,
                  struct error *error);
void excerpt_free(struct excerpt *excerpt);

struct ordering;

/* What is shown of layers of different size: an excerpt for each size. Mostly it is one. */
struct excerpts {
    struct excerpt *list;
    size_t count;
    const struct ordering
        *ordering; /* what the order of tokens changed (compute/ordering.h); NULL: it was not changed */
};

/* The number of layer l of an excerpt, as it is shown. */
static inline size_t excerpt_layer(const struct excerpt *excerpt, size_t l)
{
    return problem_layer_number(excerpt->result->problem, excerpt->layer_index[l]);
}

/* How many numbers layer_index has, and head_index for each of them. */
static inline size_t excerpt_layers(const struct excerpt *excerpt)
{
    return excerpt->mean.layers > 0 ? excerpt->mean.layers : excerpt->layer_count;
}
static inline size_t excerpt_heads(const struct excerpt *excerpt)
{
    return excerpt->mean.heads > 0 ? excerpt->mean.heads : excerpt->head_count;
}

/* The problem's number of head h of layer l of an excerpt, at their places in the lists, whatever a mean is over. */
static inline size_t excerpt_head(const struct excerpt *excerpt, size_t l, size_t h)
{
    return excerpt->head_index[l * excerpt_heads(excerpt) + h];
}

/* Its number, as it is shown. */
static inline size_t excerpt_head_number(const struct excerpt *excerpt, size_t l, size_t h)
{
    return problem_head_number(excerpt->result->problem, excerpt->layer_index[l],
                               excerpt_head(excerpt, l, h));
}

static inline bool excerpt_has(const struct excerpt *excerpt, enum stage stage)
{
    return excerpt->shape[stage].heads > 0;
}

static inline bool excerpt_is_mean(const struct excerpt *excerpt)
{
    return excerpt->mean.heads > 0 || excerpt->mean.layers > 0;
}

/* Heads of keys and values. */
size_t excerpt_kv_heads(const struct excerpt *excerpt);

/* A matrix of the result, cut to the queries and keys of the excerpt: of the layer and the head (of the stage) at
 * these places of the lists, whatever the mean is over. */
struct strided excerpt_cut(const struct excerpt *excerpt, enum stage stage, size_t l, size_t h);

/* A matrix of a stage, rows×columns with column step 1, in the memory of the result or the mean. Its data
 * are NULL where it does not lie there in one piece: the mask, which is bits, and the output of chosen
 * heads, whose columns are apart. */
struct strided excerpt_matrix(const struct excerpt *excerpt, enum stage stage, size_t l, size_t h);

/* Row i of any matrix, packed: where it lies, or gathered in `room`, which has room for a row and may be NULL
 * where excerpt_matrix has data. */
const float *excerpt_row(const struct excerpt *excerpt, enum stage stage, size_t l, size_t h, size_t i,
                         float *room);

/* A packed copy of any matrix; the caller frees it. NULL for want of memory. */
float *excerpt_pack(const struct excerpt *excerpt, enum stage stage, size_t l, size_t h, struct error *error);

/* Measures of head h, of all its queries and keys whatever the excerpt, or of those queries that were computed. */
const struct measures *excerpt_measures(const struct excerpt *excerpt, size_t l, size_t h);

/* The masks of a result that was not computed without_masks. */

/* False only where nothing is masked in any query and key of the whole head. */
bool excerpt_may_be_masked(const struct excerpt *excerpt, size_t l, size_t h);

/* What tells masks apart: heads for which it is the same have the same mask. NULL: nothing is masked. */
const void *excerpt_mask_key(const struct excerpt *excerpt, size_t l, size_t h);

/* Whether a head may have weight on pairs that are masked, which only weights that were given do. */
bool excerpt_weighs_masked(const struct excerpt *excerpt, size_t l);

/* Sets flags[columns] of the weights' row i to 1 where the pair, or every pair of the cell, is masked, else
 * to 0. Returns whether any is. */
bool excerpt_mask_row(const struct excerpt *excerpt, size_t l, size_t h, size_t i, unsigned char *flags);

/* Whether two heads mask the same. */
bool excerpt_masks_agree(const struct excerpt *excerpt, size_t l, size_t h, size_t other_l, size_t other_h);

#endif
