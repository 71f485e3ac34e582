/*
 * The built-in fonts: which character has a glyph, its metrics, and its coverage. Sizes are pixels an em. A
 * struct font serves one thread at a time.
 */
#ifndef ATTN_FIGURE_FONT_H
#define ATTN_FIGURE_FONT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The fonts, and the glyphs that were rendered so far. */
struct font;

/* Returns NULL without memory. Freed by font_close (which takes NULL). */
struct font *font_open(struct error *error);
void font_close(struct font *font);

/* The first face that has the character, and its glyph there; false: no face has it. */
bool font_find(const struct font *font, uint32_t code, int *face, int *glyph);

/* The distance from the origin of a glyph to that of the next one, in pixels. */
double font_advance(const struct font *font, int face, int glyph, double size);

/* The left and right end of its ink, in pixels from its origin. */
void font_extent(const struct font *font, int face, int glyph, double size, double *left, double *right);

/* The coverage of a glyph, 0…255, width×height; pixel (0, 0) lies at left, top from its origin on the
 * baseline. */
struct font_bitmap {
    int left, top, width, height;
    const uint8_t *coverage; /* owned by the font; valid until the next call for any glyph */
};

/* Renders a glyph whose origin lies `quarter`/4 pixels to the right of a pixel's edge. Errors: no memory. */
bool font_glyph(struct font *font, int face, int glyph, double size, int quarter, struct font_bitmap *bitmap,
                struct error *error);

#endif
