/* A rollout as a picture: its matrix, or over the patches of an image the row of one query. */
#ifndef ATTN_VIEW_ROLLOUT_PICTURE_H
#define ATTN_VIEW_ROLLOUT_PICTURE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "figure/heatmap.h"
#include "paint/painter.h"
#include "view/patch_view.h"
#include "write/rollout.h"

/* Plans what is drawn over patches; `patches` begins zeroed, and patch_view_free frees it. *wanted: anything is. `query` is the
 * one that is told of, SIZE_MAX: all are. Errors: those of patch_view_plan. */
bool rollout_patches(struct patch_view *patches, bool *wanted, const struct patch_options *options,
                     const struct problem *problem, size_t query, struct error *error);

/* Paints it, over `patches`, or as a matrix if that is NULL. Errors: those of layouts and painters; no memory. */
bool rollout_picture(const struct rollout_told *told, const struct patch_view *patches,
                     const struct drawing_style *style, const struct painter *painter, struct out *out,
                     struct error *error);

#endif
