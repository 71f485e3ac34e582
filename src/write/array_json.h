/* Named arrays as a JSON input of attn. */
#ifndef ATTN_WRITE_ARRAY_JSON_H
#define ATTN_WRITE_ARRAY_JSON_H

#include "problem/inputs.h"
#include "tensor/format.h"

/* Its name, endings and types. It has no `write`: it is written alone, by the function below, and read/json.c reads it. */
extern const struct format format_array_json;

/*
 * Writes an object with the keys of `about` and one for each array, nested lists of numbers; arrays called layers.N.KEY stand in
 * the N-th object of "layers", or in a list under KEY where `about` is a result, and `about` has at most as many layers. Numbers
 * of the types that have one a block stay exact, with NaN, Infinity and -Infinity; the null of a tensor of JSON is null again.
 * Arrays are packed, and their numbers come from array_write. Warns of names under which attn finds nothing. Errors: no memory, and those of array_write.
 */
bool array_json_write(const struct inputs *about, const struct array *arrays, size_t count, struct out *out,
                      struct warnings *warnings, struct error *error);

#endif
