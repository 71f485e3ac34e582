/* Variants of a computation side by side as JSON (docs/attn-versus.schema.json) and CSV. */
#ifndef ATTN_WRITE_VERSUS_H
#define ATTN_WRITE_VERSUS_H

#include <stddef.h>

#include "base/out.h"
#include "compute/versus.h"

/* Writes an object with `variants`, the first of which the others are compared with. */
void versus_json(struct out *out, const struct versus_variant *variants, size_t count);
/* Writes a line a variant and head under one of headings; what there is not is empty. */
void versus_csv(struct out *out, const struct versus_variant *variants, size_t count);

#endif
