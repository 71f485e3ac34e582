/*
 * Attention whose rows grow: the steps of a generation, each of which has the keys of the steps before and its own. They
 * come as rows below each other, in each head ([[1], [0.4, 0.6], …]), or step by step, each with its own layers and heads,
 * as Hugging Face's generate() returns them.
 */
#ifndef ATTN_READ_JSON_STEPS_H
#define ATTN_READ_JSON_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "read/json_private.h"

/* What the steps are put together as. Begins zeroed; freed by json_steps_free. */
struct json_steps {
    size_t count;            /* of steps; 0: the array is none */
    struct tensor attention; /* n×m, heads×n×m or layers×heads×n×m, 0 where a row has no key yet */
    struct tensor
        mask; /* n×m: 1 where it has one; no data where all steps have the same keys, as of cross attention */
};

/*
 * Takes an array with rows of different lengths, or of six levels (steps×layers×1×heads×rows×keys), for steps, if it is that;
 * otherwise leaves the count 0. Each step but the first adds as many keys as it has rows, or none does any. Errors: ERROR_INPUT for steps that grow otherwise, no memory.
 */
bool json_steps_read(struct json_steps *steps, const struct json *json, const struct number_array *array,
                     const char *name, struct error *error);

void json_steps_free(struct json_steps *steps);

#endif
