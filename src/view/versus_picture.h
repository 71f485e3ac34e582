/* Variants of a computation as one figure: a column a variant, a row a head, and one colour bar for all. */
#ifndef ATTN_VIEW_VERSUS_PICTURE_H
#define ATTN_VIEW_VERSUS_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "compute/versus.h"
#include "figure/heatmap.h"
#include "paint/painter.h"

/* The most heads that a figure shows, the first ones, and the most variants, the first among them. */
enum { VERSUS_ROWS = 8, VERSUS_COLUMNS = 7 };

/* How many heads the variants have, each number counted once. */
size_t versus_heads(const struct versus_variant *variants, size_t count);

/* Draws a stage of pairs, which every variant has; each variant has one excerpt. Errors: those of the layout (figure/board.h) and of the
 * painter, no memory. */
bool versus_picture(struct out *out, const struct versus_variant *variants, size_t count, enum stage stage,
                    const struct painter *painter, const struct drawing_style *style, struct error *error);

#endif
