/* The table of keys of an explanation. */
#ifndef ATTN_VIEW_EXPLAIN_TABLE_H
#define ATTN_VIEW_EXPLAIN_TABLE_H

#include "base/out.h"
#include "compute/explain_steps.h"

/* Writes the columns that have a heading, of the keys that have a row, of the others, of the sink, and the sums. */
void explain_table(const struct explain_steps *steps, struct out *out);

#endif
