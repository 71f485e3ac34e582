/* Masks under the names that other software has for them: attention_mask, key_padding_mask, attn_mask. */
#ifndef ATTN_READ_JSON_MASKS_H
#define ATTN_READ_JSON_MASKS_H

#include <stdbool.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "read/json_names.h"

/* A mask and where it goes. */
struct json_mask {
    struct tensor *tensor; /* whose numbers are moved */
    const char *name;      /* under which it was read */
    struct layer_inputs *layer;
    enum input *input; /* gets where it went */
    struct warnings *warnings;
    struct error *error;
};

/*
 * Puts it in as key_mask (one number a key, perhaps of each sequence of a batch), mask or bias, by what its name and numbers say: with negative numbers, or
 * 0 for all pairs, it is added to scores. Errors: ERROR_INPUT for a mask that may mean two things, or masks all keys.
 */
bool json_put_mask(const struct json_mask *mask, enum name_sense sense);

#endif
