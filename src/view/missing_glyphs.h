/* A word on the characters that pictures cannot show. */
#ifndef ATTN_VIEW_MISSING_GLYPHS_H
#define ATTN_VIEW_MISSING_GLYPHS_H

#include "base/error.h"
#include "compute/result.h"
#include "view/patch_view.h"

/* Warns, in one line, of characters in the labels and the title of `count` stages that the fonts do not have.
 * With `patches` pairs are drawn over a picture. Errors: no memory. */
bool missing_glyphs_warn(const struct result *result, const enum stage *stages, size_t count,
                         const struct patch_view *patches, struct warnings *warnings, struct error *error);

#endif
