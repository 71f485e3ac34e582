/* The parts of problem_make that have a file of their own. For problem*.c only. */
#ifndef ATTN_PROBLEM_CHECK_H
#define ATTN_PROBLEM_CHECK_H

#include "problem/problem.h"

/* What is judged, and where the message goes. */
struct judge {
    struct problem *problem;
    const struct inputs *inputs;
    struct settings top; /* of the files, under those of the command line */
    const struct settings *over;
    size_t layer;
    uint64_t unused; /* settings that weights that were given have no use for */
    struct warnings *warnings;
    struct error *error;
};

/* The tensor of this layer: its own, or else the one that serves all; NULL if there is none. */
const struct tensor *judge_find(const struct judge *judge, enum input which);

/* Whether that is the layer's own. */
bool judge_is_own(const struct judge *judge, enum input which);

/* "w_q is 48×40", for messages. */
struct phrase {
    char text[160];
};
struct phrase phrase_tensor(enum input which, const struct tensor *tensor);
/* A key of JSON, or as an option where `command`: "--mask-true-blocks" for "mask_true_blocks". */
struct phrase phrase_key(const char *key, bool command);

/* A list of `count` numbers, in a list or a CSV line or column, or nothing. `beside` gives the number of
 * columns, for the message; INPUT_COUNT: none does. */
bool judge_list(const struct judge *judge, enum input which, size_t count, enum input beside);

/* The heads that a tensor has an axis for, 0 if it has none. */
size_t judge_own_heads(const struct tensor *tensor);

/* Whether a number of the problem, *common, is `value` in this layer as in those before; `what` names it. */
bool judge_same(const struct judge *judge, const struct place *place, size_t *common, size_t value,
                const char *what);

/* Where q, k, v and the output of a layer come from, their heads and shapes (check_qkv.c). */
bool judge_qkv(struct judge *judge, struct problem_layer *layer, const struct settings *settings);

/* Scores, normalizers, positions, patterns of masks: whether they fit each other (check_combinations.c) ... */
bool judge_combination(const struct judge *judge, const struct settings *settings);
/* ... and the layer that they make, once its shapes, scale and offset are known (check_forms.c). */
bool judge_forms(const struct judge *judge, struct problem_layer *layer, const struct settings *settings);

/* A null in what is added to scores becomes -infinity. Comes first, for tables are made of such tensors. */
void problem_take_nulls(struct inputs *inputs);

/* What the numbers may be: 0 and 1 in a mask, no booleans elsewhere. Warns of NaN and infinities in what is
 * used, and of weights that do not sum to 1. */
bool problem_check_values(struct problem *problem, struct inputs *inputs, struct warnings *warnings,
                          struct error *error);

/* Whether layer `first` or one of those up to, not with, `end` takes the tensor. */
bool problem_uses(const struct problem *problem, size_t first, size_t end, const struct tensor *tensor);

/* Names the tensors that no layer takes, and these settings. */
void problem_warn_unused(const struct problem *problem, const struct inputs *inputs, uint64_t settings,
                         struct warnings *warnings);

/* Sets tokens and key_tokens to exactly n and m labels. */
bool problem_make_labels(struct problem *problem, const struct inputs *inputs, struct warnings *warnings,
                         struct error *error);

#endif
