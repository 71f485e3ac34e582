/* The picture of a growth. */
#ifndef ATTN_VIEW_GROWTH_PICTURE_H
#define ATTN_VIEW_GROWTH_PICTURE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "compute/growth.h"
#include "figure/heatmap.h"
#include "paint/painter.h"

/* Draws a line for each form, seconds against tokens where they were measured, else products, both in equal ratios, in the scale and
 * the font of the style, and paints it into `out`. `title` is NULL for the usual one. Errors: those of the painter, no memory. */
bool growth_picture(struct out *out, const struct growth *growth, const char *title,
                    const struct drawing_style *style, const struct painter *painter, struct error *error);

#endif
