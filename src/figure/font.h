/*
 * Text with the built-in fonts: how wide it is, which glyphs it takes and how they look. Arabic is joined and
 * right-to-left text put in visual order; a character that no font has is a box around its hexadecimal code.
 *
 * Sizes are pixels an em. A struct font serves one thread at a time.
 */
#ifndef ATTN_FIGURE_FONT_H
#define ATTN_FIGURE_FONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Characters of a text that are looked at; the others are not there. */
enum { FONT_CHARACTERS = 512 };

struct font;

/* Returns NULL without memory. Freed by font_close (which takes NULL). */
struct font *font_open(struct error *error);
void font_close(struct font *font);

/* One mark on a line of text, relative to the beginning of its baseline; y downward. */
struct font_mark {
    bool box; /* the outline of a rectangle from x, y, with width and height; else a glyph at x, y */
    float x, y, size;
    float width, height; /* of a box */
    int face, glyph;
};

/* Called for the marks of a text from left to right; false ends it as a failure. */
typedef bool font_receiver(void *context, const struct font_mark *mark, struct error *error);

/* Shapes a line of text. `take` may be NULL. *width is how far the text reaches. Errors: no memory. */
bool font_shape(struct font *font, const char *text, double size, font_receiver *take, void *context,
                double *width, struct error *error);

/* The width alone; 0 where it cannot be told (see font_shape), with the error set. */
double font_width(struct font *font, const char *text, double size, struct error *error);

/* The next character of *text that no font has, so that it would be a box; *text moves behind it. 0: there is
 * none. What label.h shows in words or signs is not meant. */
uint32_t font_missing(const struct font *font, const char **text);

/* A glyph as coverage, 0…255, width×height; pixel (0, 0) lies at left, top from its origin on the baseline.
 */
struct font_bitmap {
    int left, top, width, height;
    const uint8_t *coverage; /* owned by the font; valid until the next call for any glyph */
};

/* Renders a glyph whose origin lies `quarter`/4 pixels to the right of a pixel's edge. Errors: no memory. */
bool font_glyph(struct font *font, int face, int glyph, double size, int quarter, struct font_bitmap *bitmap,
                struct error *error);

#endif
