/* The parts of problem_make that have a file of their own. For problem*.c only. */
#ifndef ATTN_PROBLEM_CHECK_H
#define ATTN_PROBLEM_CHECK_H

#include "base/source.h"
#include "problem/problem.h"

/* What is checked, and where the message goes. */
struct check {
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
const struct tensor *check_find(const struct check *check, enum input which);

/* Whether that is the layer's own. */
bool check_is_own(const struct check *check, enum input which);

/* "w_q is 48×40", for messages. */
struct phrase {
    char text[160];
};
struct phrase phrase_tensor(enum input which, const struct tensor *tensor);
/* A key of JSON, or as an option where `command`: "--mask-true-blocks" for "mask_true_blocks". */
struct phrase phrase_key(const char *key, bool command);

/* A list of `count` numbers, in a list or a CSV line or column, or nothing. `beside` gives the number of
 * columns, for the message; INPUT_COUNT: none does. */
bool check_list(const struct check *check, enum input which, size_t count, enum input beside);

/* The heads that a tensor has an axis for, 0 if it has none. */
size_t check_own_heads(const struct tensor *tensor);

/* Whether a number of the problem, *common, is `value` in this layer as in those before; `what` names it. */
bool check_same(const struct check *check, const struct place *place, size_t *common, size_t value,
                const char *what);

/* Where q, k, v and the output of a layer come from, their heads and shapes (check_qkv.c). */
bool check_qkv(struct check *check, struct problem_layer *layer, const struct settings *settings);

/* Scores, normalizers, positions, patterns of masks: whether they fit each other (check_combinations.c) ... */
bool check_combination(const struct check *check, const struct settings *settings);
/* ... and the layer that they make, once its shapes, scale and offset are known (check_forms.c). */
bool check_forms(const struct check *check, struct problem_layer *layer, const struct settings *settings);

/* A null in what is added to scores becomes -infinity. Comes first, for tables are made of such tensors. */
void problem_replace_nulls(struct inputs *inputs);

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
