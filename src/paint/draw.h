/* Heatmaps to pictures. */
#ifndef ATTN_PAINT_DRAW_H
#define ATTN_PAINT_DRAW_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "figure/heatmap.h"

/* What one thread draws with, picture after picture: fonts, the glyphs rendered so far, room for pixels. */
struct painter;

/* Returns NULL without memory. Freed by painter_close (which takes NULL). */
struct painter *painter_open(struct error *error);
void painter_close(struct painter *painter);

/* Draws as PNG into `out`; what was drawn before leaves no trace in it. Errors: ERROR_USAGE for a style that
 * cannot be had (unknown colour map, picture too large, log scale with vmin <= 0, vmin >= vmax), ERROR_SYSTEM
 * for memory. */
bool draw_png(struct painter *painter, const struct drawing *drawing, struct out *out, struct error *error);

#endif
