/* Variants of a computation side by side as a table for people. */
#ifndef ATTN_VIEW_VERSUS_TABLE_H
#define ATTN_VIEW_VERSUS_TABLE_H

#include <stddef.h>

#include "base/out.h"
#include "compute/versus.h"

/* Writes a line a variant: its options, means over heads, and the largest change of a weight from the first, with its place; and where there
 * are several heads a line a head and variant below. What there is not is a dash. */
void versus_table(struct out *out, const struct versus_variant *variants, size_t count);

/* How a variant is called in tables and pictures: its options, or "as given". */
const char *versus_name(const struct versus_variant *variant);

#endif
