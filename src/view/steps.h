/*
 * The steps of attention as one figure: a row a head, and in each the matrices of the stages in the order of the
 * formula, q and k, scores, scaled, masked, weights, v and output, with the signs between them.
 */
#ifndef ATTN_VIEW_STEPS_H
#define ATTN_VIEW_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "compute/excerpt.h"
#include "figure/heatmap.h"
#include "paint/painter.h"

/* The most heads that a figure shows; the first are shown. */
enum { STEPS_ROWS = 4 };

/* The stages that are steps of what the selection takes of the problem: bits 1 << STAGE_…. Those that it has of q, k,
 * scores, scaled, masked, weights, v and output, and the encoding where it is added to the scores. */
unsigned steps_stages(const struct problem *problem, const struct selection *selection);

/* Puts stages, bits 1 << STAGE_…, in the order of the formula; the encoding comes first, or with `by_distance` behind the scores that it
 * is added to. Returns how many they are. */
size_t steps_in_order(enum stage ordered[STAGE_COUNT], unsigned stages, bool by_distance);

/* How many heads of all layers an excerpt has. */
size_t steps_heads(const struct excerpt *excerpt);

/*
 * Draws the chosen stages of the first STEPS_ROWS heads. With `all`, a stage masked that is what scaled is, because
 * nothing is masked or added, is left out. Errors: those of the layout (figure/board.h) and of the painter, no memory.
 */
bool steps_picture(struct out *out, const struct excerpt *excerpt, unsigned stages, bool all,
                   const struct painter *painter, const struct drawing_style *style, struct error *error);

#endif
