/* The part of attn's JSON that is no array, where the arrays are in another form. */
#ifndef ATTN_READ_JSON_H
#define ATTN_READ_JSON_H

#include <stdbool.h>

#include "base/error.h"
#include "base/source.h"
#include "problem/inputs.h"

/* Reads tokens, title and settings of a result into inputs; with weights, these are not computed anew. The name of the source
 * outlives the inputs. Errors: ERROR_INPUT, as for a file of JSON. */
bool json_read_about(struct inputs *inputs, struct source *source, bool has_weights,
                     struct warnings *warnings, struct error *error);

#endif
