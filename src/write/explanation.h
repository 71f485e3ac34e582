/* The JSON of an explanation. */
#ifndef ATTN_WRITE_EXPLANATION_H
#define ATTN_WRITE_EXPLANATION_H

#include <stddef.h>

#include "base/out.h"
#include "compute/explain.h"

/* The numbers of every step, all keys, as one object: schema attn-explain/1 (docs/attn-explain.schema.json).
 * `head` is its number in the problem. */
void write_explanation(const struct explanation *explanation, size_t head, struct out *out);

#endif
