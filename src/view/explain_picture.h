/* The picture of an explanation. */
#ifndef ATTN_VIEW_EXPLAIN_PICTURE_H
#define ATTN_VIEW_EXPLAIN_PICTURE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "compute/explain_steps.h"
#include "figure/heatmap.h"
#include "paint/painter.h"

/* Lays the steps out (view/explain_figure.h), in the scale and the font of the style, and paints them into `out`. Errors: those of the
 * figure and of the painter, ERROR_USAGE for a picture too large. */
bool explain_picture(struct out *out, const struct explain_steps *steps, const char *title,
                     const struct drawing_style *style, const struct painter *painter, struct error *error);

#endif
