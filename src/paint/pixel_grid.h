/* Where the shapes of a figure lie on whole pixels: one rule for all painters, so that their pictures are the same. */
#ifndef ATTN_PAINT_PIXEL_GRID_H
#define ATTN_PAINT_PIXEL_GRID_H

#include <stdbool.h>

#include "base/error.h"
#include "figure/figure.h"

/* The pixels from left up to, not with, right, and from top to bottom; perhaps beyond those of the figure. */
struct pixel_box {
    int left, top, right, bottom;
};

/* The pixels that an item fills. A rectangle has at least one each way, so that no line is too thin to be seen. */
struct pixel_box pixel_box_of(const struct figure_item *item);

/* The pixels of the cells of a matrix, gaps with them: cell j of a row ends at x[j + 1], where the next one begins. */
struct pixel_edges {
    int *x, *y; /* columns + 1 and rows + 1 of them; owned */
};

/* Begins zeroed; freed by pixel_edges_free in any case. Errors: no memory. */
bool pixel_edges_find(struct pixel_edges *edges, const struct figure_item *item, struct error *error);
void pixel_edges_free(struct pixel_edges *edges);

/* The colour of a row of pixels of a ramp that fills `box`. */
struct color pixel_ramp_color(const struct figure *figure, const struct figure_item *item,
                              struct pixel_box box, int y);
/* The colours of the map that ramps show; of the others that which is shown beside it. */
size_t pixel_ramp_shown(size_t index);

#endif
