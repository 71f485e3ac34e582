/* Which of the arrays that were found are needed: those of the target, of one part, under one name. */
#ifndef ATTN_READ_DUMP_KEEP_H
#define ATTN_READ_DUMP_KEEP_H

#include <stdbool.h>

#include "read/dump_found.h"

/* Drops what is not needed of what was found. *any: something is left. Errors: parts of an encoder-decoder of which none was
 * chosen, numbers that cannot be read, no memory. */
bool dump_keep(struct dump *dump, bool *any);
/* In a result of attn's own that has the weights, q, k and v are stages, which were drawn, as in its JSON: drops them. What attn wrote
 * beside its arrays has been read. */
void dump_drop_stages(struct dump *dump);
/* *is: whether a number of an array's first matrix is below 0, as none of weights is. The array is loaded for that. */
bool dump_is_negative(const struct dump *dump, struct array *array, bool *is);

#endif
