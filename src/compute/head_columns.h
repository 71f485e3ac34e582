/* How much of a head's weight lies on a few keys, the same in all rows. */
#ifndef ATTN_COMPUTE_HEAD_COLUMNS_H
#define ATTN_COMPUTE_HEAD_COLUMNS_H

#include <stddef.h>

#include "compute/row_stats.h"

/* So many keys, and of so many rows at least. */
enum { COLUMNS_KEYS = 3, COLUMNS_LEAST_ROWS = 16 };

/* The share of all weight that the COLUMNS_KEYS heaviest of m keys have, over the `rows` that are not narrow. NaN: of too few rows,
 * of none that weighs, or of weights that are too large. */
double head_columns(const struct stats_columns *columns, size_t m, size_t rows);

#endif
