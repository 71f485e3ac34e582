/* The glyphs of the built-in fonts: metrics and coverage. What font.h gives out, without what knows of text.
 */
#ifndef ATTN_FIGURE_GLYPH_H
#define ATTN_FIGURE_GLYPH_H

#include "figure/font.h"
#include "figure/font_data.h"

/* The first face that has the character, and its glyph; false where none has. */
bool glyph_find(const struct font *font, uint32_t code, int *face, int *glyph);

/* How far the pen moves, in pixels, for an em of `size`. */
double glyph_advance(const struct font *font, int face, int glyph, double size);

/* Where its ink begins and ends, in pixels from its origin. */
void glyph_reach(const struct font *font, int face, int glyph, double size, double *left, double *right);

#endif
