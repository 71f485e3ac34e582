/*
 * The one place where shapes, head counts and names are judged. Takes inputs by name, gives a problem that
 * the maths can run without asking anything more. Messages name the tensors and both shapes.
 */
#ifndef ATTN_CORE_PROBLEM_H
#define ATTN_CORE_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "core/head.h"
#include "core/inputs.h"

/* Where q, k or v of a layer comes from: given, or x·w + b. All borrowed from the inputs. */
struct supply {
    const struct tensor *given;
    const struct tensor *x;     /* the sequence that is projected */
    bool previous;              /* instead of x: the output of the layer below */
    const struct tensor *w, *b; /* NULL: identity, nothing */
    size_t rows, width;         /* tokens; columns over all its heads. 0: there is no such tensor */
    size_t heads;               /* what the width is split into */
};

struct problem_layer {
    struct supply q, k, v; /* all empty where attention is given; v may be empty alone */
    const struct tensor *w_o, *b_o;
    const struct tensor *attention, *mask, *bias;
    size_t slice; /* which layer of a rank-4 tensor this is */
    double scale, softcap;
    bool causal;
    int64_t offset, left, right;
    bool mask_true_blocks;
};

struct problem {
    size_t layer_count, heads, kv_heads;
    size_t n, m;     /* queries, keys */
    size_t d_k, d_v; /* per head; 0 where attention is given, or there is no v */
    size_t d_out;    /* columns of the output; 0: no output */
    struct problem_layer *layers;
    struct labels tokens, key_tokens; /* exactly n and m, numbered where missing; owned */
    bool nonfinite;                   /* an input holds NaN or infinity, and a warning has said so */
    const char *title;                /* or NULL */
};

/*
 * Judges. `over` are the settings of the command line, which win. The inputs must outlive the problem; a null
 * in a bias becomes the -infinity it stands for. Errors are ERROR_INPUT, with the place of the tensor that
 * does not fit.
 */
bool problem_make(struct problem *problem, struct inputs *inputs, const struct settings *over,
                  struct warnings *warnings, struct error *error);
void problem_free(struct problem *problem);

/* The mask or bias of a head as a grid over pairs; empty for NULL. */
struct grid problem_pairs(const struct tensor *tensor, size_t layer, size_t head);

/* Fills the rules and masks of a head (not q, k, v), enough for head_allows. */
void problem_rules(const struct problem *problem, size_t layer, size_t head, struct head *out);

#endif
