/*
 * Lines of text in the built-in fonts and that of the user (figure/font_runs.h says what is for which): how wide a text is, and
 * which glyphs stand where. Arabic is joined and right-to-left text put in visual order, by FriBidi; what is set in the font of the
 * user is shaped by HarfBuzz. A character that no font has is a box around its hexadecimal code. Sizes are pixels an em.
 */
#ifndef ATTN_FIGURE_TYPESET_H
#define ATTN_FIGURE_TYPESET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "figure/font.h"

/* The characters at the beginning of a text that are set; the rest is ignored. */
enum { TYPESET_CHARACTERS = 512 };

/* One mark on a line of text, relative to the beginning of its baseline; y downward. */
struct typeset_mark {
    bool box; /* the outline of a rectangle from x, y, with width and height; else a glyph at x, y */
    float x, y, size;
    float width, height; /* of a box */
    int face, glyph;
};

/* Called for the marks of a text from left to right; false ends it as a failure. */
typedef bool typeset_receiver(void *context, const struct typeset_mark *mark, struct error *error);

/* Sets a line of text. `receiver` may be NULL. *width is the distance from the beginning of the text to its
 * end. Errors: no memory, or those of `receiver`. */
bool typeset_text(struct font *font, const char *text, double size, typeset_receiver *receiver, void *context,
                  double *width, struct error *error);

/* The width alone; 0 after a failure (see typeset_text), with the error set. */
double typeset_width(struct font *font, const char *text, double size, struct error *error);

/* Sets own[i] for each character of the text that is set in the font of the user. Returns how many characters are set; 0 where all
 * are set in the built-in fonts. */
size_t typeset_fonts(const struct font *font, const char *text, bool own[TYPESET_CHARACTERS]);

/* Whether the text runs from right to left as a whole: by its first character that has a direction, as
 * typeset_text sets it. (UAX #9, P2 and P3.) */
bool typeset_is_leftward(const char *text);

/* The next character of *text that no font has, so that it would be a box; *text moves behind it. 0: there is
 * none. Characters that label.h replaces by words or signs do not count. */
uint32_t typeset_missing(const struct font *font, const char **text);

#endif
