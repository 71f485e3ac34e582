/* The measures of each row of heads. */
#ifndef ATTN_WRITE_STATS_ROWS_H
#define ATTN_WRITE_STATS_ROWS_H

#include "write/stats.h"

/* Writes the row of a query as an object. */
void stats_row_json(struct out *out, const struct stats_head *head, size_t query);
/* Writes a line a row, under one of headings, in the order of the list and of queries. */
void stats_rows_csv(struct out *out, const struct stats_head *list, size_t count);

#endif
