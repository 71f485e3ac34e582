/*
 * The one place where shapes, head counts and names are checked. Takes inputs by name, gives a problem that
 * the maths can run without asking anything more. Messages name the tensors and both shapes.
 */
#ifndef ATTN_PROBLEM_PROBLEM_H
#define ATTN_PROBLEM_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/head.h"
#include "attention/position.h"
#include "base/error.h"
#include "base/source.h"
#include "problem/inputs.h"

/* The origin of q, k or v of a layer: given, or x·w + b. All tensors are borrowed from the inputs. */
struct projection {
    const struct tensor *given;
    const struct tensor *x;     /* the sequence that is projected */
    bool previous;              /* instead of x: the output of the layer below */
    const struct tensor *w, *b; /* NULL: identity, nothing */
    const struct tensor *past;  /* keys or values of earlier tokens, which come first; or NULL */
    size_t past_rows;           /* rows of past */
    /* Tokens, those of the past included, and columns over all heads. Both 0: there is no such projection. */
    size_t rows, width;
    size_t heads; /* the width is split into this many */
};

struct problem_layer {
    struct projection q, k, v; /* all empty where attention is given; v may be empty alone */
    const struct tensor *w_o, *b_o;
    const struct tensor *attention, *mask, *bias;
    /* By enum input, from INPUT_W_SCORE on; NULL where the settings have no use for the tensor. */
    const struct tensor *extra[INPUT_COUNT];
    /* Those in force. Where attention is given, those of masks, and those under which it was computed. */
    struct settings settings;
    size_t slice;      /* the index of this layer in rank-4 tensors */
    const char *title; /* what pictures call it, borrowed from the inputs; NULL: "layer N" */

    struct per_head scale, softcap; /* scale: not yet divided by the temperature */
    double position_base;
    bool has_sinusoidal; /* sinusoidal positions are added to the embeddings and the context of its stack */
    double sinusoidal_base; /* their base */
    /* Their positions: [0] of the sequence that q is made of, [1] of that of k and v, where it is another. */
    struct position_list encoded_at[2];
    /* The positions of queries and keys with rotary, ALiBi and relative. `has_positions`: they were given. */
    struct position_list query_at, key_at;
    bool has_positions;
    struct rotation rotation; /* of q and k; 0 columns: none */
    size_t rotated_from;      /* the first row of k that is rotated; those before it are already */
    struct relative relative; /* with relative; its table is that of head 0 */
    double qk_norm_epsilon;
    float sigma;    /* of the Gaussian factor, where it is one for all queries */
    int64_t offset; /* position of query 0 among the keys */
    size_t d_score; /* columns of q and k when they are compared */
    /* heads×n×m or 1×n×m: which pairs are allowed, in the place of all rules; owned. No data: the rules say it. */
    struct tensor pairs;
    struct rules rules; /* the rules that all heads share: without masks from files */

    /* Owned; rules points to these. One number for each query (n) or key (m); NULL: none. */
    uint8_t *query_global, *key_global;
    int32_t *query_segment, *key_segment;
    double *rotary_turn;  /* of the rotation; owned */
    uint8_t *rotary_axis; /* the same */
    float *distance;      /* heads×distance_count, see struct head; owned; NULL: none, or has_positions */
    size_t distance_count;
    int64_t distance_first;
};

struct problem {
    size_t layer_count, heads, kv_heads;
    /* The number of the first of them, which is shown, and how many there are with those of other sizes. */
    size_t layer_first, layers_in_all;
    /* What layers and heads are called, where they come from a result with numbers of its own; NULL: they are counted from 0. Of
     * all layers. Borrowed from the inputs. */
    const struct numbering *numbering;
    size_t n, m;     /* queries, keys */
    bool is_self;    /* the keys are the queries' own tokens */
    size_t d_k, d_v; /* per head, d_k of q; 0 where attention is given, or there is no v */
    size_t d_key;    /* per head, of k; differs from d_k only with the scores general and additive */
    size_t d_out;    /* columns of the output; 0: no output */
    struct problem_layer *layers;
    struct labels tokens, key_tokens; /* exactly n and m, numbered where missing; owned */
    bool nonfinite;                   /* an input holds NaN or infinity, and a warning was made of it */
    bool is_partial;                  /* given weights whose rows need not sum to 1 */
    bool is_left;                     /* tokens were left out of it: compute/leaving.h */
    const char *title;                /* or NULL */
    const struct labels
        *vocabulary;               /* of the columns of unembed; NULL: not given. Borrowed from the inputs */
    size_t patch_grid[2];          /* rows and columns of patches, where keys are patches; 0: none */
    struct place patch_grid_place; /* of `grid` in the inputs */
};

/* The numbers of layer l of the problem, and of its head h, as they are shown. */
static inline size_t problem_layer_number(const struct problem *problem, size_t l)
{
    return numbering_layer(problem->numbering, problem->layer_first + l);
}
static inline size_t problem_head_number(const struct problem *problem, size_t l, size_t h)
{
    return numbering_head(problem->numbering, problem->layer_first + l, h);
}

/*
 * Brings inputs, once, to the one form that problems are made of: projections of rank 2, no axis of a batch, heads that
 * are below each other with an axis of their own; a null in a bias, relative_bias or sinks becomes the -infinity that it
 * means. `over` are the settings of the command line, which win. Errors: as for problem_make.
 */
bool problem_prepare(struct inputs *inputs, const struct settings *over, struct warnings *warnings,
                     struct error *error);

/*
 * Checks inputs that problem_prepare has prepared, or a part of them (problem/parts.h), and makes a problem of them;
 * problem_free in any case. The inputs must outlive the problem, which points into them. Errors: ERROR_INPUT, with the
 * place of the tensor or setting that does not fit; ERROR_USAGE, where that came from the command line; no memory.
 */
bool problem_make(struct problem *problem, struct inputs *inputs, const struct settings *over,
                  struct warnings *warnings, struct error *error);
void problem_free(struct problem *problem);

#endif
