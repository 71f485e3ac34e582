/* The numbers of pairs of a sheet as a picture. */
#ifndef ATTN_VIEW_SHEET_PICTURE_H
#define ATTN_VIEW_SHEET_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "figure/heatmap.h"
#include "paint/painter.h"
#include "write/sheet.h"

/*
 * Draws the pairs of the rows that are shown as a matrix from 0 on, in the order of a column, the smallest first, and paints it into
 * `out`. Rows are called by their first two cells, LAYER.HEAD. What has no number has the colour of NaN. `what` and `measure` are the end
 * of the title, and what the numbers are. Errors: those of drawing_paint.
 */
bool sheet_pairs_picture(struct out *out, const struct sheet *sheet, size_t column, const char *what,
                         const char *measure, const struct drawing_style *style,
                         const struct painter *painter, struct error *error);

#endif
