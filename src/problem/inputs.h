/*
 * What the files and the command line said, by name, before anything is checked: tensors, labels and settings.
 * Readers fill it; problem/problem.h checks it.
 */
#ifndef ATTN_PROBLEM_INPUTS_H
#define ATTN_PROBLEM_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"
#include "problem/settings.h"
#include "tensor/tensor.h"

/* The tensors a problem may hold; input_names[] has the names, which are the JSON keys. */
enum input {
    INPUT_EMBEDDINGS,
    INPUT_CONTEXT,
    INPUT_W_Q,
    INPUT_W_K,
    INPUT_W_V,
    INPUT_W_O,
    INPUT_B_Q,
    INPUT_B_K,
    INPUT_B_V,
    INPUT_B_O,
    INPUT_Q,
    INPUT_K,
    INPUT_V,
    INPUT_PAST_K,
    INPUT_PAST_V,
    INPUT_ATTENTION,
    INPUT_MASK,
    INPUT_BIAS,
    INPUT_W_SCORE,
    INPUT_W_SCORE_Q,
    INPUT_W_SCORE_K,
    INPUT_V_SCORE,
    INPUT_SLOPES,
    INPUT_SINKS,
    INPUT_RELATIVE_BIAS,
    INPUT_BLOCK_MASK,
    INPUT_SEGMENTS,
    INPUT_KEY_SEGMENTS,
    INPUT_KEY_MASK,
    INPUT_NORM_WEIGHT,
    INPUT_NORM_BIAS,
    INPUT_DECAY,
    INPUT_BETA,
    INPUT_STATE,
    INPUT_COUNT
};
extern const char *const input_names[INPUT_COUNT + 1]; /* NULL-terminated */

/* Whether a line or column of numbers may stand for it: it is a list of numbers. */
bool input_is_list(enum input which);

/* The input of that name, or INPUT_COUNT. */
enum input input_named(const char *name);

/* One label a token. `place` says where they came from; given is false where nobody said any. */
struct labels {
    char **text; /* owned, as are the strings */
    size_t count;
    bool given;
    struct place place;
};
void labels_free(struct labels *labels);

/* A problem has at most this many layers. */
enum { LAYERS_MAX = 4096 };

struct layer_inputs {
    struct tensor tensor[INPUT_COUNT];
    struct settings settings;
};

/* Begins zeroed; freed by inputs_free. What stands in `all` serves every layer that does not have its own. */
struct inputs {
    struct layer_inputs all;
    struct layer_inputs *layers;
    size_t layer_count;
    struct labels tokens, key_tokens;
    char *title;
    bool from_option[INPUT_COUNT]; /* tensors of `all` that the command line asked for by name */
    struct settings
        provenance;      /* how the attention was made, as far as that must be known to understand it */
    bool is_partial;     /* its rows need not sum to 1: some keys of a whole, or pooled, or made so */
    int64_t *offsets;    /* where query 0 of weights that attn wrote stands among the keys; owned */
    size_t offset_count; /* one a layer, or one for all; 0: at key 0 */
    struct place offset_place;
    size_t patch_grid[2]; /* rows and columns of patches; 0: none */
    struct place patch_grid_place;
    struct source *sources; /* what was read, kept because places point to their names */
    size_t source_count;
};
void inputs_free(struct inputs *inputs);

#endif
