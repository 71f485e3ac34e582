/* One drawing, board or figure as a picture of its own. */
#ifndef ATTN_VIEW_DRAWING_PAINT_H
#define ATTN_VIEW_DRAWING_PAINT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "figure/board.h"
#include "figure/heatmap.h"
#include "paint/paint_kit.h"
#include "paint/painter.h"

/* Lays the drawing out and paints it into `out`. Errors: those of the layout (figure/layout.h) and of the painter, no memory. */
bool drawing_paint(struct out *out, const struct drawing *drawing, const struct painter *painter,
                   struct error *error);

/* The same of a board (figure/board.h). */
bool board_paint(struct out *out, const struct board *board, const struct painter *painter,
                 struct error *error);

/* Paints a figure that was laid out with the fonts of the kit, in the scale of the style. Errors: a picture that is too large, those of
 * the painter, no memory. */
bool figure_paint(struct out *out, struct figure *figure, struct paint_kit *kit,
                  const struct drawing_style *style, const struct painter *painter, struct error *error);

#endif
