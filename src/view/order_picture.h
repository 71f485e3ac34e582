/*
 * The weights of tokens that changed places, beside those of the given order: a row a head, and in the second panel rows and columns
 * are carried back to where the tokens stood, so that panels are the same where nothing goes by places.
 */
#ifndef ATTN_VIEW_ORDER_PICTURE_H
#define ATTN_VIEW_ORDER_PICTURE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "compute/excerpt.h"
#include "compute/ordering.h"
#include "figure/heatmap.h"
#include "paint/painter.h"

/* Draws the first STEPS_ROWS heads (view/steps.h). All weights of both are kept, as they are. Errors: those of the layout
 * (figure/board.h) and of the painter, no memory. */
bool order_picture(struct out *out, const struct excerpt *changed, const struct ordering *ordering,
                   const struct painter *painter, const struct drawing_style *style, struct error *error);

#endif
