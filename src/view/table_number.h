/* Numbers in the cells of tables for people. */
#ifndef ATTN_VIEW_TABLE_NUMBER_H
#define ATTN_VIEW_TABLE_NUMBER_H

#include "base/out.h"

/* Writes a measure at the right of `width` columns, with so many decimals, or as few digits as fit where it is out of the
 * ordinary; NaN, which means nothing here, as a dash. */
void table_number(struct out *out, int width, int decimals, double value);

#endif
