/*
 * The fonts, put into the binary by the assembler. ATTN_FONT_SANS and ATTN_FONT_FALLBACK are the paths of two
 * TrueType files (or collections, of which the first font is taken), as string literals from the build.
 */
#include "figure/font_data.h"

#include "base/embed.h"

#if !defined ATTN_FONT_SANS || !defined ATTN_FONT_FALLBACK
#error "ATTN_FONT_SANS and ATTN_FONT_FALLBACK must name the font files"
#endif

EMBED_FILE("attn_font_sans", ATTN_FONT_SANS);
EMBED_FILE("attn_font_fallback", ATTN_FONT_FALLBACK);

extern const unsigned char attn_font_sans[], attn_font_fallback[];

const unsigned char *const font_data[FONT_FACES] = {attn_font_sans, attn_font_fallback};
