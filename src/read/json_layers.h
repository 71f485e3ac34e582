/*
 * Layers of different size in one array, [layer][head][row][column]: each layer is even in itself, and the layers are
 * not. A batch of 1 may stand between layers and heads.
 */
#ifndef ATTN_READ_JSON_LAYERS_H
#define ATTN_READ_JSON_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "read/json_private.h"

/* Begins zeroed; freed by json_layers_free. */
struct json_layers {
    struct tensor *tensor; /* heads×rows×columns, one a layer; owned, as are their numbers */
    size_t count;          /* of them; 0: the array is no such list */
};

/* Takes an array with lists of different length for layers, if it is that; otherwise leaves the count 0. Errors: no
 * memory. */
bool json_layers_read(struct json_layers *layers, const struct json *json, const struct number_array *array,
                      struct error *error);

void json_layers_free(struct json_layers *layers);

#endif
