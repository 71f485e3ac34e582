/* A measure of all heads as a picture: layers downwards, heads across. */
#ifndef ATTN_VIEW_STATS_PICTURE_H
#define ATTN_VIEW_STATS_PICTURE_H

#include "figure/heatmap.h"
#include "paint/painter.h"
#include "write/stats.h"

/*
 * Draws the measure of the heads of a list, in any order, and paints the picture into `out`. A cell is a head; one that has no such
 * measure has the colour of NaN, and one that is not in the list that of masked cells. Measures from 0 to 1 are drawn on that range, others on that of the data.
 * Errors: those of the layout (figure/layout.h) and of the painter, no memory; ERROR_USAGE where no head has the measure.
 */
bool stats_picture(struct out *out, const struct stats_head *list, size_t count, enum stat stat,
                   const struct drawing_style *style, const struct painter *painter, struct error *error);

#endif
