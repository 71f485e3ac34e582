/* Heatmaps to pictures. */
#ifndef ATTN_DRAW_DRAW_H
#define ATTN_DRAW_DRAW_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "draw/heatmap.h"

/* Draws as PNG into `out`. Thread-safe. Errors: ERROR_USAGE for a style that cannot be had (unknown colour
 * map, picture too large, log scale with vmin <= 0, vmin >= vmax), ERROR_SYSTEM for memory. */
bool draw_png(const struct drawing *drawing, struct out *out, struct error *error);

/* Names of the colour maps, NULL-terminated; the first is the default. */
extern const char *const colormap_names[];

#endif
