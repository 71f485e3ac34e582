/* Which part of a result is wanted: some layers, heads, queries or keys, or the mean over heads, layers, or both. */
#ifndef ATTN_COMPUTE_SELECTION_H
#define ATTN_COMPUTE_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "problem/problem.h"

/* Layers or heads by their numbers, from `first` up to, not with, `end`. Negative numbers count from the end: -1 is
 * the last. An end of 0 is behind the last. */
struct index_span {
    int64_t first, end;
};

/*
 * The places of what the spans name, in their order, of `limit` things called `what` ("layer"), which have these numbers (NULL: their
 * places); the caller frees *list, which is NULL without spans. Errors: ERROR_USAGE for a number that there is not, or that is named twice, and
 * for a span without any; no memory.
 */
bool selection_list(size_t **list, size_t *count, const struct index_span *spans, size_t span_count,
                    const size_t *numbers, size_t limit, const char *what, struct error *error);

/* Some heads of some layers, each of these in each of those, as struct index_span has them. */
struct pick_span {
    struct index_span layers, heads;
};

/* A head by the places of its layer and of itself. */
struct head_place {
    size_t layer, head;
};

/*
 * The heads that the spans name, in their order, of layers of `heads[layer]` heads with the numbers of `numbering` (NULL: counted from 0);
 * the caller frees *list. Errors: ERROR_USAGE for
 * a layer or head that there is not, for a head that is named twice, and for a span without any; no memory.
 */
bool selection_pick(struct head_place **list, size_t *count, const struct pick_span *spans, size_t span_count,
                    const size_t *heads, size_t layers, const struct numbering *numbering,
                    struct error *error);

/* The layers that the spans name, of `limit`, or the heads, each once and in their order. Else as selection_list. */
bool selection_pick_numbers(size_t **list, size_t *count, const struct pick_span *spans, size_t span_count,
                            bool are_heads, size_t limit, struct error *error);

/* Zeroed it is everything. The chosen heads are a table, layer by layer: every one of `heads` in every one of `layers`, or where
 * heads are picked, one head a row, heads[i] of layers[i]. Lists are borrowed; NULL: all. Queries first..end-1, keys likewise. */
struct selection {
    const size_t *layers, *heads;
    size_t layer_count, head_count;
    bool is_picked; /* neither list is NULL, both have layer_count numbers, and head_count is 1 */
    /* Of heads that were picked by a measure: its values, one a row, and its name; NULL: they were not. Borrowed. */
    const double *values;
    const char *measure;
    size_t query_first, query_end, key_first, key_end; /* end 0: to the last */
    bool average_heads, average_layers;
};

/* Whether a mean is wanted. */
static inline bool selection_is_mean(const struct selection *selection)
{
    return selection->average_heads || selection->average_layers;
}

/* ERROR_USAGE where a layer, head, query or key does not exist. Sets the ends that are 0. */
bool selection_check(struct selection *selection, const struct problem *problem, struct error *error);

/* A token by its number, or else the first with that label, or with "label#2" the second, where no label is all of that, or else from the end, -1 being the last; a warning
 * (`warnings` may be NULL) where there are several and none is said. Errors: ERROR_USAGE that names the option and `also`, what
 * else it may be ("mean, "), if there is none. */
bool selection_token(size_t *token, const char *option, const char *text, const char *also,
                     const struct labels *labels, struct warnings *warnings, struct error *error);

bool selection_has_layer(const struct selection *selection, size_t layer);
/* Whether that head of that layer is chosen. */
bool selection_has(const struct selection *selection, size_t layer, size_t head);

/* How many rows and columns the table of chosen heads has: layers, and heads of each. */
size_t selection_layers(const struct selection *selection, const struct problem *problem);
size_t selection_heads(const struct selection *selection, const struct problem *problem);

/* The layer of row l, and the head at its place h. */
static inline size_t selection_layer_at(const struct selection *selection, size_t l)
{
    return selection->layers ? selection->layers[l] : l;
}
static inline size_t selection_head_at(const struct selection *selection, size_t l, size_t h)
{
    return selection->heads ? selection->heads[selection->is_picked ? l : h] : h;
}

/* How many heads of a layer are picked, where some are. */
size_t selection_picked_of(const struct selection *selection, size_t layer);

/* Whether each layer is one head that was picked, now or when the input was written. */
bool selection_is_picked(const struct selection *selection, const struct problem *problem);

/* Whether every query and key is wanted. */
bool selection_has_all_pairs(const struct selection *selection, const struct problem *problem);

#endif
