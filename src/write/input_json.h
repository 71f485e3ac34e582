/* What an input has beside its tensors (title, tokens, settings), as JSON that reads back as it was. */
#ifndef ATTN_WRITE_INPUT_JSON_H
#define ATTN_WRITE_INPUT_JSON_H

#include <stdbool.h>

#include "base/out.h"
#include "problem/inputs.h"

/* An object that is being written. `before` stands in front of its next key: "{" of the first. */
struct input_json {
    struct out *out;
    const char *before;
};

/* Writes a key with its quotes and colon; its value follows. */
void input_json_key(struct input_json *json, const char *key);
/* Writes the end of the object. */
void input_json_end(struct input_json *json);

/* Writes the keys of all layers, and those of one layer that has an object of its own. */
void input_json_all(struct input_json *json, const struct inputs *inputs);
void input_json_layer(struct input_json *json, const struct layer_inputs *layer);

/* Writes all of it as an object. Returns whether it has a key. */
bool input_json_write(struct out *out, const struct inputs *inputs);

#endif
