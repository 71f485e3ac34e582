/*
 * Names of other software: those that are read as attn's own, and keys that attn does not have and that would
 * change the result, for masks, positions, norms and scales. Passing over one would give another attention
 * without a word.
 */
#ifndef ATTN_READ_JSON_NAMES_H
#define ATTN_READ_JSON_NAMES_H

#include <stdbool.h>

/* How a tensor of another name is to be taken. */
enum name_sense {
    NAME_SAME,   /* as attn's own */
    NAME_OUT_IN, /* the transpose, as PyTorch's Linear stores it */
    NAME_KEEPS,  /* 1 attends, whatever mask_true_blocks says; or numbers that are added */
    NAME_BLOCKS, /* true masks a key, whatever mask_true_blocks says */
    NAME_EITHER  /* numbers that are added; what true means is not known */
};
struct other_name {
    const char *name, *own;
    enum name_sense sense;
};

/* The row of a name of other software that is read as attn's own, in any case and with the modules of a state dict in
 * front of it; NULL: there is none, or it is attn's own. */
const struct other_name *json_names_other(const char *name);

/* Whether the name of a file or array says that it holds weights: it begins with att, weights, arr_ or layer_, whatever its
 * folder is. */
bool json_names_weights(const char *path);

/* Whether a name is that of the numbers of tokens in a vocabulary: ids, input_ids, token_ids. */
bool json_names_ids(const char *name);

/* What to say of such a key: what to give instead, or that there is nothing like it. NULL: the key would not
 * change the result, as far as its name tells. */
const char *json_names_advice(const char *name);

#endif
