/* Weights as lines between two columns of tokens (figure/lines.h): what of a problem can be drawn so. */
#ifndef ATTN_VIEW_LINE_VIEW_H
#define ATTN_VIEW_LINE_VIEW_H

#include "base/error.h"
#include "compute/request.h"
#include "figure/heatmap.h"
#include "view/patch_view.h"

/*
 * Checks the options against the problem, and says in the style whether pairs are lines, and which query is lit.
 * Errors: ERROR_USAGE for stages other than weights, more tokens or heads than can be told apart, and a query that is
 * not there or not chosen; ERROR_SYSTEM where the weights are too many to be held.
 */
bool line_view_plan(struct drawing_style *style, const struct patch_options *options,
                    const struct problem *problem, const struct request *request, struct error *error);

#endif
