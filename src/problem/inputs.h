/*
 * The contents of the files, by name, before anything is checked: tensors, labels and settings. Readers fill
 * it; problem/problem.h checks it.
 */
#ifndef ATTN_PROBLEM_INPUTS_H
#define ATTN_PROBLEM_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"
#include "problem/numbering.h"
#include "problem/settings.h"
#include "tensor/archive.h"
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
    INPUT_INV_FREQ,
    INPUT_POSITIONS,
    INPUT_KEY_POSITIONS,
    INPUT_BLOCK_MASK,
    INPUT_SEGMENTS,
    INPUT_KEY_SEGMENTS,
    INPUT_KEY_MASK,
    INPUT_NORM_WEIGHT,
    INPUT_NORM_BIAS,
    INPUT_QUERY_SCALE,
    INPUT_SIGMAS,
    INPUT_CENTERS,
    INPUT_Q_NORM,
    INPUT_K_NORM,
    INPUT_B_QKV,
    INPUT_W_QKV,
    INPUT_GATE,
    INPUT_W_GATE,
    INPUT_OR_MASK,
    INPUT_DECAY,
    INPUT_BETA,
    INPUT_STATE,
    INPUT_UNEMBED,
    INPUT_WORDS,
    INPUT_KEY_WORDS,
    INPUT_COUNT
};
extern const char *const input_names[INPUT_COUNT + 1]; /* NULL-terminated */

/* Whether the tensor is a list of numbers, so that one line or one column of CSV may hold it. */
bool input_is_list(enum input which);

/* The input of that name, or INPUT_COUNT. */
enum input input_named(const char *name);

/* One label a token. Begins zeroed: none are given. */
struct labels {
    char **text;  /* owned, as are the strings */
    char **shown; /* what people are shown of them (problem/pieces.h); owned likewise; NULL: the text */
    size_t count;
    bool given;
    /* Whether the first of them may be the header of a file of lines, and is one if there is one label more than
     * tokens. */
    enum { LABELS_ONLY, LABELS_HEADER_POSSIBLE, LABELS_HEADER_LIKELY } header;
    bool is_sentence; /* the words of a line of a file of sentences */
    struct place place;
};
/* The texts that people are shown. */
static inline const char *const *labels_shown(const struct labels *labels)
{
    return (const char *const *)(labels->shown ? labels->shown : labels->text);
}

/* The label of the end of a sentence, which translators do not write. */
#define SENTENCE_END "</s>"

/* Whether two lists of labels differ in a label or in length. */
bool labels_differ(const struct labels *a, const struct labels *b);
void labels_free(struct labels *labels);

/* A problem has at most this many layers. */
enum { LAYERS_MAX = 4096 };

struct layer_inputs {
    struct tensor tensor[INPUT_COUNT];
    struct settings settings;
    char *title;                      /* what the layer is called in pictures; NULL: "layer N"; owned */
    struct labels tokens, key_tokens; /* of a layer whose tokens are others than elsewhere */
    size_t patch_grid[2];             /* rows and columns of patches; 0: those of all layers */
    struct place patch_grid_place;
    bool is_idle; /* nobody asks for it, and what it has was not read: it is in no part */
};

struct deferred;

/* Begins zeroed; freed by inputs_free. A tensor or setting in `all` serves every
 * layer without one of its own. */
struct inputs {
    struct layer_inputs all;
    struct layer_inputs *layers;
    size_t layer_count;
    bool layers_given;    /* by the key `layers`; otherwise by tensors or tokens that are a list of layers */
    size_t layers_before; /* of a part of inputs (problem/parts.h): how many layers come before it */
    size_t layers_in_all; /* and how many there are with all parts; 0: the inputs are whole */
    struct labels tokens, key_tokens;
    struct labels vocabulary; /* the words that the columns of unembed are */
    struct tensor
        ids; /* of the tokens in the vocabulary of their tokenizer; no data: not given. Of two axes: of a batch */
    bool ids_are_tokens;   /* they stand where labels do, and are these unless a vocabulary has others */
    struct warnings notes; /* what in the files was taken for what; not a warning */
    char *title;
    bool has_parts; /* files have attention of an encoder or decoder, and one was chosen */
    bool has_text;  /* the embeddings are the rows that a file of word vectors has for the words of a text */
    size_t batch_size;                /* sequences, of which a reader has chosen one; 0: none has */
    bool batch_is_taken[INPUT_COUNT]; /* the tensors of `all` of which it has */
    bool from_option[INPUT_COUNT]; /* tensors of `all` that come from an option of their name: --mask FILE */
    /* Attn wrote it: what is computed under `config`; or a table of pairs, whose layers and heads have numbers as those of such a result. */
    bool is_result;
    /* Settings under which given weights were computed: recurrence, sink and dropout alone. */
    struct settings provenance;
    /* Rows of given weights may not sum to 1: a part of the keys, pooled, or
     * computed with a sink or dropout. */
    bool is_partial;
    struct numbering numbering; /* of the layers and heads of a result */
    /* Of weights that attn wrote: the position of query 0 among the keys, one a
     * layer or one for all; owned. */
    int64_t *offsets;
    size_t offset_count; /* 0: query 0 stands at key 0 */
    struct place offset_place;
    size_t patch_grid[2]; /* rows and columns of patches; 0: none */
    struct place patch_grid_place;
    struct source *sources; /* the files that were read, kept because places point to their names */
    size_t source_count;
    struct archive **archives; /* the files of arrays that tensors borrow their numbers from; owned */
    size_t archive_count;
    struct deferred
        *deferred; /* weights whose numbers are still in their archive: problem/deferred.h; owned */
    size_t deferred_count;
};
void inputs_free(struct inputs *inputs);

#endif
