/* What changed between two results as a table for people. */
#ifndef ATTN_VIEW_DIFF_TABLE_H
#define ATTN_VIEW_DIFF_TABLE_H

#include <stdbool.h>

#include "base/out.h"
#include "write/diff.h"

/* Writes the names of the sides, tokens that one of them alone has, and a line a head; with `changes` below each the measures that
 * changed. What there is not is a dash. */
void diff_table(struct out *out, const struct diff_report *report, bool changes);

#endif
