/*
 * From a drawing to a figure: the sizes of cells, and the places of all texts. The one place where pictures
 * are designed; no format is known here.
 */
#ifndef ATTN_FIGURE_LAYOUT_H
#define ATTN_FIGURE_LAYOUT_H

#include "figure/figure.h"
#include "figure/font.h"
#include "figure/heatmap.h"

/* Lays a drawing out into `figure`, which begins zeroed; figure_free frees it in any case. `font` measures
 * the texts. Errors: ERROR_USAGE for a style that cannot be had (unknown colour map, figure too large, log
 * scale with vmin <= 0, vmin >= vmax), ERROR_SYSTEM for memory. */
bool layout_figure(struct figure *figure, const struct drawing *drawing, struct font *font,
                   struct error *error);

/* Whether it can be drawn as large as the style says. Errors: ERROR_USAGE where it cannot. */
bool layout_check_style(const struct drawing_style *style, struct error *error);

/* Whether a figure is of a size that can be painted. Errors: ERROR_USAGE where it is larger. */
bool layout_check_size(const struct figure *figure, struct error *error);

/* Says in the figure what its title is and, where the style asks for it, the command; nothing with
 * METADATA_NONE. Errors: no memory. */
bool layout_name(struct figure *figure, const char *title, const struct drawing_style *style,
                 struct error *error);

/* Lays `count` drawings out below each other, each with its axes and its colour bar, under the title of the first.
 * Errors: those of layout_figure, and ERROR_USAGE where they have no colours in common. */
bool layout_figures(struct figure *figure, const struct drawing *const *drawings, size_t count,
                    struct font *font, struct error *error);

#endif
