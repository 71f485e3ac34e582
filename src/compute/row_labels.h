/* What the labels of heads (compute/head_labels.h) ask of a row beyond what it is measured by anyway. */
#ifndef ATTN_COMPUTE_ROW_LABELS_H
#define ATTN_COMPUTE_ROW_LABELS_H

#include <stddef.h>

#include "compute/row_stats.h"

/* Effective share: fewer keys are alike by chance. */
enum { SHARE_LEAST_KEYS = 4 };
/* Local: keys up to so many places away. */
enum { LOCAL_REACH = 4 };
/* Columns: rows that may see fewer keys are narrow, and do not count. */
enum { COLUMNS_LEAST_KEYS = 12 };

/* Adds a row that is being measured to local and diagonal, where it counts there, and to its head's narrow rows if it is one.
 * `largest` is the key with the largest weight. */
void row_labels(struct stats_row *row, size_t largest);

#endif
