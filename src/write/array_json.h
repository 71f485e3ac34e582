/* Named arrays as a JSON input of attn. */
#ifndef ATTN_WRITE_ARRAY_JSON_H
#define ATTN_WRITE_ARRAY_JSON_H

#include "tensor/format.h"

/* It is written alone: read/json.c reads it. An object with a key for each array, nested lists of numbers, and of metadata tokens,
 * key_tokens and title. Numbers of the types that have one a block stay exact; what is not finite is null. */
extern const struct format format_array_json;

#endif
