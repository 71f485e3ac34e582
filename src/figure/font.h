/*
 * The built-in fonts, and beside them one that the user names: which character has a glyph, its metrics, and its coverage. Sizes
 * are pixels an em. A struct font serves one thread at a time.
 */
#ifndef ATTN_FIGURE_FONT_H
#define ATTN_FIGURE_FONT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "figure/font_face.h"

/* The fonts, and the glyphs that were rendered so far. */
struct font;

/* The number of the face that the user names; the built-in ones have lower ones. */
enum { FONT_OWN = 2 };

/* `file` is what the user names, which must outlive the fonts; NULL: nothing. Returns NULL without memory, or with the errors of
 * font_face_open. Freed by font_close (which takes NULL). */
struct font *font_open(const struct font_file *file, struct error *error);
void font_close(struct font *font);

/* The font that the user names, NULL: none; and its file. */
struct font_face *font_own(const struct font *font);
const struct font_file *font_own_file(const struct font *font);

/* The first built-in face that has the character, and its glyph there; false: none has it. */
bool font_find(const struct font *font, uint32_t code, int *face, int *glyph);

/* Of a glyph of a built-in face: the distance from its origin to that of the next one, in pixels. */
double font_advance(const struct font *font, int face, int glyph, double size);

/* Likewise the left and right end of its ink, in pixels from its origin. */
void font_extent(const struct font *font, int face, int glyph, double size, double *left, double *right);

/* The coverage of a glyph, 0…255, width×height; pixel (0, 0) lies at left, top from its origin on the
 * baseline. */
struct font_bitmap {
    int left, top, width, height;
    const uint8_t *coverage; /* owned by the font; valid until the next call for any glyph */
    bool
        is_colored; /* in the place of coverage: red, green, blue and alpha, multiplied by alpha, of each pixel */
};

/* Renders a glyph of any face whose origin lies `quarter`/4 pixels to the right of a pixel's edge. Errors: no memory; those of
 * font_face_render. */
bool font_glyph(struct font *font, int face, int glyph, double size, int quarter, struct font_bitmap *bitmap,
                struct error *error);

#endif
