/* The inside of problem_make: what it checks, a file a subject. problem.c calls the
 * checks, they call check.c. */
#ifndef ATTN_PROBLEM_CHECK_H
#define ATTN_PROBLEM_CHECK_H

#include "base/source.h"
#include "problem/problem.h"

/* A layer under check, and where messages go. */
struct check {
    struct problem *problem;
    const struct inputs *inputs;
    const struct settings *over; /* those of the command line, which win */
    size_t layer;
    uint64_t unused; /* bits of the settings that have no effect, because weights are given */
    struct warnings *warnings;
    struct error *error;
};

/* ---- what all checks use ---- */

/* The tensor of this layer: its own, or else the one that serves all layers; NULL if there is none. */
const struct tensor *check_find(const struct check *check, enum input which);

/* Whether this layer has a tensor of its own. */
bool check_is_own(const struct check *check, enum input which);

/* The number of this layer, for messages. */
size_t check_number(const struct check *check);

/* The settings in force in this layer. */
const struct settings *check_settings(const struct check *check);

/* "w_q is 48×40", for messages. */
struct phrase {
    char text[160];
};
struct phrase phrase_tensor(enum input which, const struct tensor *tensor);
/* A key of JSON, or as an option where `command`: "--mask-true-blocks" for "mask_true_blocks". */
struct phrase phrase_key(const char *key, bool command);

/* Whether a tensor, if there is one, is a list of `count` numbers, in JSON a list, in CSV a line or a column.
 * `beside` is the tensor that has as many columns, for the message; INPUT_COUNT: there is none. */
bool check_vector(const struct check *check, enum input which, size_t count, enum input beside);

/* Whether a tensor, if there is one, is a matrix rows×columns (0: any), or `heads` of them (check_forms.c). */
bool check_matrix(const struct check *check, enum input which, size_t heads, size_t rows, size_t columns);

/* "NAME is SHAPE: expected WHAT COUNT", of a tensor (check_forms.c). Always false. */
bool count_error(const struct check *check, enum input which, const char *expected, size_t count);
/* "NAME: expected …", of a setting that was given (check_forms.c). Always false. */
bool value_error(const struct check *check, enum setting which, const char *expected, ...)
    __attribute__((format(printf, 3, 4)));

/* How many heads a tensor has an axis for, 0 if it has none. */
size_t check_own_heads(const struct tensor *tensor);

/* Whether a number that all layers share, *common, is `value` in this layer too; layer 0 sets it. `what`
 * names it. */
bool check_same(const struct check *check, const struct place *place, size_t *common, size_t value,
                const char *what);

/* ---- the checks of a layer, in the order in which they are made ---- */

/* The number of axes of each tensor, and that rank-4 tensors have a slice for every layer
 * (check_shapes.c). */
bool check_ranks(const struct check *check);

/* Scores, normalizers, positions, masks: which of them go together (check_combinations.c). */
bool check_combinations(const struct check *check);

/* The shape of weights that are given (check_shapes.c). Sets n, m and the heads of the problem. */
bool check_attention(const struct check *check, const struct tensor *attention);

/* The values beside given weights, keys×(heads·d_v), or heads×keys×d_v of as many heads as the weights or fewer that they share:
 * sets the layer's v, and the heads and columns of v and the columns of the output, weights·v, of the problem. Leaves them 0 where there is no v, where it does not fit, which
 * problem_warn_unused says, and where the weights are a part (check_qkv.c). */
bool check_given_values(const struct check *check, struct problem_layer *layer);

/* Where q, k, v and the output come from, their heads and shapes (check_qkv.c). Sets the layer's q, k, v,
 * w_o, b_o, scale and softcap, and n, m, heads and columns of the problem. */
bool check_qkv(const struct check *check, struct problem_layer *layer);

/* The shape of a mask or bias: every axis is that of the problem, or 1 (check_shapes.c). */
bool check_pairs(const struct check *check, enum input which);

/* The rest of the layer, once its shapes, scale and offset are known (check_forms.c): the tensors in extra,
 * and the tables of positions, segments and global tokens. */
bool check_forms(const struct check *check, struct problem_layer *layer);
/* Of these the position encoding: the positions of queries and keys, and what is made of them (check_position.c,
 * check_rotary.c). */
bool check_position(const struct check *check, struct problem_layer *layer);
/* The base of the wavelengths, position_base. */
bool check_base(const struct check *check, struct problem_layer *layer);
/* The rotation, once position_base, query_at and key_at are known. */
bool check_rotary(const struct check *check, struct problem_layer *layer);

/* One mask of all pairs in the place of the rules, where or_mask opens pairs or documents are aligned (pairs.c). Comes
 * last; sets layer->pairs and clears the rules. */
bool check_all_pairs(const struct check *check, struct problem_layer *layer);

/* ---- steps for the problem as a whole ---- */

/* The number of heads, or of key/value heads, that is said on the command line, for the layer `own`, or for all; 0: none
 * is. */
size_t problem_said_heads(const struct inputs *inputs, const struct layer_inputs *own,
                          const struct settings *over, bool kv);

/* Makes w_q, w_k, w_v and w_o of rank 2, d_model×(heads·d), of projections that are stored otherwise, and sets
 * `heads` where an axis tells it (projections.c). Errors: shapes that do not fit, or fit in two ways; no memory. */
bool problem_straighten_projections(struct inputs *inputs, const struct settings *over, struct error *error);

/* Drops an axis of 1, that of a batch, of positions with three axes (check_position.c). */
void problem_trim_positions(struct inputs *inputs);

/* Drops a first axis of 1, that of a batch, of embeddings and context, of q, k and v whose columns are those of all the
 * heads that are said, and of tensors of rank 4 of one layer (check_shapes.c). */
void problem_drop_batches(struct inputs *inputs, const struct settings *over);

/* Makes rank 3 of tensors of rank 2 whose heads are below each other: weights of which `heads` says how many they
 * are; q, k and v where the tokens tell, with a warning (stacked_heads.c). */
void problem_stack_heads(struct inputs *inputs, const struct settings *over, struct warnings *warnings);

/* The values: 0 and 1 in a mask, no booleans elsewhere. Warns of NaN and infinities in tensors that are used,
 * and of weights that do not sum to 1. */
bool problem_check_values(struct problem *problem, struct inputs *inputs, struct warnings *warnings,
                          struct error *error);

/* Whether one of the layers [first, end) uses the tensor. */
bool problem_uses(const struct problem *problem, size_t first, size_t end, const struct tensor *tensor);

/* Warns of the tensors that no layer uses, and of `settings`, bits of those without effect. */
void problem_warn_unused(const struct problem *problem, const struct inputs *inputs, uint64_t settings,
                         struct warnings *warnings);

/* Sets tokens and key_tokens to exactly n and m labels. */
bool problem_make_labels(struct problem *problem, const struct inputs *inputs, struct warnings *warnings,
                         struct error *error);

#endif
