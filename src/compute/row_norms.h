/* What a row writes: its weights times what the head makes of each key. */
#ifndef ATTN_COMPUTE_ROW_NORMS_H
#define ATTN_COMPUTE_ROW_NORMS_H

#include "compute/row_stats.h"

/* Adds a row of known norms to the measures of what it writes. */
void row_norms(struct stats_row *row);

#endif
