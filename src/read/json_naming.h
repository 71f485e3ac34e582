/* The names of layers and heads in JSON. */
#ifndef ATTN_READ_JSON_NAMING_H
#define ATTN_READ_JSON_NAMING_H

#include "read/json_private.h"
#include "read/json_values.h"

/* Reads head_names: a list of strings, which all layers have, or a list of them for each layer. Errors: ERROR_INPUT for anything else,
 * and where there are names already. */
bool json_get_head_names(const struct json *json, const struct json_member *member, struct inputs *inputs,
                         struct error *error);

#endif
