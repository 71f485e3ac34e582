/* The measures of heads as a table for people. */
#ifndef ATTN_VIEW_STATS_TABLE_H
#define ATTN_VIEW_STATS_TABLE_H

#include "base/out.h"
#include "write/stats.h"

/* Writes two lines of headings and a line a head, with its labels at the end. What there is not is a dash; measures that no head has
 * are left out, and a line below says why. The thresholds of the labels that any head could have come last,
 * but for how many inputs the numbers are means of. */
void stats_table(struct out *out, const struct stats_head *list, size_t count,
                 const struct label_thresholds *thresholds);

#endif
