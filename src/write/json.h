/* The part of the JSON that is no array, for files that have arrays in another form. */
#ifndef ATTN_WRITE_JSON_H
#define ATTN_WRITE_JSON_H

#include "base/out.h"
#include "compute/excerpt.h"

/* Writes the object up to its arrays, without the bracket that ends it: schema, title, grid, tokens, key_tokens, config and
 * selection. */
void json_write_head(const struct excerpts *all, struct out *out);

#endif
