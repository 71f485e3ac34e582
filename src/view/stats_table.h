/* The measures of heads as a table for people. */
#ifndef ATTN_VIEW_STATS_TABLE_H
#define ATTN_VIEW_STATS_TABLE_H

#include "base/out.h"
#include "write/stats.h"

/* Writes two lines of headings and a line a head. What there is not is a dash; measures that no head has are left out, and a line
 * below says why. */
void stats_table(struct out *out, const struct stats_head *list, size_t count);

#endif
