/* One drawing as a picture of its own. */
#ifndef ATTN_VIEW_DRAWING_PAINT_H
#define ATTN_VIEW_DRAWING_PAINT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "figure/heatmap.h"
#include "paint/painter.h"

/* Lays the drawing out and paints it into `out`. Errors: those of the layout (figure/layout.h) and of the painter, no memory. */
bool drawing_paint(struct out *out, const struct drawing *drawing, const struct painter *painter,
                   struct error *error);

#endif
