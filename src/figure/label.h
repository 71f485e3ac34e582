/*
 * The text that stands for a label: blanks and controls made visible, cut to a width between characters.
 * Labels are as hostile as any input; of a long one only the beginning is read.
 */
#ifndef ATTN_FIGURE_LABEL_H
#define ATTN_FIGURE_LABEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "figure/typeset.h"

/* Room for any label that label_show writes. */
enum { LABEL_SIZE = 2048 };

/*
 * Writes the label at most `width` pixels wide, with an ellipsis if it was cut; "" if not even the ellipsis
 * fits. `blanks` shows leading and trailing spaces, as tokens have them, as a middle dot. C0 controls become
 * arrows or the symbols U+2400…, other controls and direction overrides \u{N}. A text that was cut keeps the
 * direction (left to right or right to left) of the whole. Errors: no memory.
 */
bool label_show(char out[LABEL_SIZE], const char *text, bool blanks, struct font *font, double size,
                double width, struct error *error);

/* The end of the character that begins at `text`, which is not at its end, with all that is joined to it: combining marks,
 * variation selectors, joined emoji, Indic vowel signs. (A simplification of Unicode UAX #29.) */
const char *label_character_end(const char *text);

/* As label_show over two lines, broken at a space where there is one; the second is "" where one suffices. */
bool label_wrap(char first[LABEL_SIZE], char second[LABEL_SIZE], const char *text, struct font *font,
                double size, double width, struct error *error);

#endif
