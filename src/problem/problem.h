/*
 * The one place where shapes, head counts and names are checked. Takes inputs by name, gives a problem that
 * the maths can run without asking anything more. Messages name the tensors and both shapes.
 */
#ifndef ATTN_PROBLEM_PROBLEM_H
#define ATTN_PROBLEM_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/head.h"
#include "base/error.h"
#include "base/source.h"
#include "problem/inputs.h"

/* Where q, k or v of a layer comes from: given, or x·w + b. All borrowed from the inputs. */
struct projection {
    const struct tensor *given;
    const struct tensor *x;     /* the sequence that is projected */
    bool previous;              /* instead of x: the output of the layer below */
    const struct tensor *w, *b; /* NULL: identity, nothing */
    const struct tensor *past;  /* keys or values of earlier tokens, which come first; or NULL */
    size_t past_rows;           /* how many */
    size_t rows, width; /* tokens, those of the past among them; columns over all its heads. 0: there is no
                           such tensor */
    size_t heads;       /* what the width is split into */
};

struct problem_layer {
    struct projection q, k, v; /* all empty where attention is given; v may be empty alone */
    const struct tensor *w_o, *b_o;
    const struct tensor *attention, *mask, *bias;
    const struct tensor *extra[INPUT_COUNT]; /* from w_score on: those that are used, the others NULL */
    struct settings settings;                /* those in force; only of masks where attention is given */
    size_t slice;                            /* which layer of a rank-4 tensor this is */

    double scale, softcap; /* scale: before the temperature */
    double position_base;
    bool has_sinusoidal; /* sinusoidal positions are added to the embeddings and the context of its stack */
    double sinusoidal_base; /* the base of those */
    size_t rotary_dim;      /* columns of a head that are turned */
    int64_t offset;         /* position of query 0 among the keys */
    size_t d_score;         /* columns of q and k when they meet */
    struct rules rules;     /* those of all heads: without masks from files */

    uint8_t *query_global, *key_global; /* owned, as are these: what rules points to */
    int32_t *query_segment, *key_segment;
    float *distance; /* heads×distance_count, see struct head; NULL: none */
    size_t distance_count;
    int64_t distance_first;
};

struct problem {
    size_t layer_count, heads, kv_heads;
    size_t n, m;     /* queries, keys */
    bool is_self;    /* the keys are the queries' own tokens */
    size_t d_k, d_v; /* per head, d_k of q; 0 where attention is given, or there is no v */
    size_t d_key;    /* of k; other than d_k only where the score takes both */
    size_t d_out;    /* columns of the output; 0: no output */
    struct problem_layer *layers;
    struct labels tokens, key_tokens; /* exactly n and m, numbered where missing; owned */
    bool nonfinite;                   /* an input holds NaN or infinity, and a warning has said so */
    const char *title;                /* or NULL */
    size_t patch_grid[2];             /* rows and columns of patches that the keys are; 0: none */
    struct place patch_grid_place;    /* where the inputs say so */
};

/*
 * Checks. `over` are the settings of the command line, which win. The inputs must outlive the problem; a null
 * in a bias, relative_bias or sinks becomes the -infinity it stands for. Errors are ERROR_INPUT, with the
 * place of the tensor that does not fit.
 */
bool problem_make(struct problem *problem, struct inputs *inputs, const struct settings *over,
                  struct warnings *warnings, struct error *error);
void problem_free(struct problem *problem);

#endif
