/*
 * From a drawing to a figure: how large the cells are, what is written where. The one place where pictures
 * are designed; no format is known here.
 */
#ifndef ATTN_FIGURE_LAYOUT_H
#define ATTN_FIGURE_LAYOUT_H

#include "figure/figure.h"
#include "figure/font.h"
#include "figure/heatmap.h"

/* Lays the drawing out into `figure`, which begins zeroed and is the caller's to free, also on failure.
 * `font` measures the texts. Errors: as draw_png. */
bool layout_figure(struct figure *figure, const struct drawing *drawing, struct font *font,
                   struct error *error);

#endif
