/*
 * The rows of weights of one layer, as they are computed or lie in their file, one head after the other: what is made of them
 * needs no lock, and has the same bytes for any number of threads, for no two calls of a layer at once are of the same query.
 */
#ifndef ATTN_COMPUTE_LAYER_ROWS_H
#define ATTN_COMPUTE_LAYER_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/head.h"
#include "base/error.h"
#include "compute/layer.h"
#include "compute/selection.h"
#include "engine/engine.h"
#include "problem/problem.h"

/* Rows of one head, of which those that are computed and NaN are 0 where a mask forbids the pair: query first + r begins at weights + r*stride, m weights each. */
struct rows_of_head {
    const struct head *head; /* the whole, whose masks and reach count; NULL: the weights were given */
    size_t number;           /* 0 for the first of the layer's chosen heads */
    size_t first, count;
    const float *weights;
    size_t stride;
};

struct layer_rows {
    const struct problem *problem;
    const struct selection *selection; /* its heads alone */
    const float
        *outputs; /* of all layers, n×d_out each, where layers take that of the one below; else NULL */
    struct engine_options engine;
    size_t first, count; /* the queries whose rows are wanted */
    size_t passes, pass; /* for the progress: how many calls there will be, and have been */
};

/* A callback, called from any thread, with a head's rows in any order; the number of the thread is that of workers_self. */
struct rows_receiver {
    void (*receive)(void *context, const struct rows_of_head *rows);
    void *context;
    /* NULL, or what may be called instead, as receive_keys of struct row_receiver; `first` counts in the whole head. */
    void (*receive_keys)(void *context, const struct weights_of_keys *part);
};

/* How many heads of a layer are chosen, of picked ones those of the first: all layers must have as many. */
size_t layer_rows_heads(const struct layer_rows *rows);

/* Makes a layer, counted within the problem, whose weights are computed. Errors: those of layer_make. */
bool layer_rows_make(struct layer *made, const struct layer_rows *rows, size_t layer, struct error *error);

/* Passes the rows of a layer that was made; NULL: its weights are given. Errors: those of engine_run. */
bool layer_rows_of(struct layer_rows *rows, size_t layer, const struct layer *made,
                   const struct rows_receiver *receiver, struct error *error);

/* Makes a layer if it has to be made, and passes its rows. Errors: those of layer_make and engine_run. */
bool layer_rows_pass(struct layer_rows *rows, size_t layer, const struct rows_receiver *receiver,
                     struct error *error);

#endif
