/* A warning of characters for which the fonts have no glyph. */
#ifndef ATTN_VIEW_MISSING_GLYPHS_H
#define ATTN_VIEW_MISSING_GLYPHS_H

#include "base/error.h"
#include "compute/excerpt.h"
#include "figure/font_file.h"
#include "view/patch_view.h"

/* Adds one warning if the title, or a label beside one of `count` stages, has characters without a glyph.
 * `patches` as for pictures_draw; `font` is that of the user, NULL: none. Errors: those of font_open. */
bool missing_glyphs_warn(const struct excerpt *excerpt, const enum stage *stages, size_t count,
                         const struct patch_view *patches, const struct font_file *font,
                         struct warnings *warnings, struct error *error);

#endif
