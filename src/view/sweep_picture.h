/* The picture of a sweep. */
#ifndef ATTN_VIEW_SWEEP_PICTURE_H
#define ATTN_VIEW_SWEEP_PICTURE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "compute/explain_sweep.h"
#include "figure/heatmap.h"
#include "paint/painter.h"

/* Draws the weights, values × keys, and beside each row a bar of its entropy and one of its largest weight, in the scale and the
 * font of the style, and paints them into `out`. Errors: those of the layout and of the painter, no memory. */
bool sweep_picture(struct out *out, const struct sweep *sweep, const struct drawing_style *style,
                   const struct painter *painter, struct error *error);

#endif
