/* Chinese, Japanese and Korean as they are written downward: upright characters, one beneath the other. */
#ifndef ATTN_FIGURE_STACK_H
#define ATTN_FIGURE_STACK_H

#include <stdbool.h>

#include "figure/font.h"
#include "figure/label.h"

/* From the top of a text that is written downward to the baseline of its first character, and from each to the next, in ems. */
#define STACK_FIRST 0.88
#define STACK_STEP 1.0

/* Whether all characters of a text are such that stand upright in it: Han, kana, hangul, their signs, fullwidth forms. `out` is then the
 * text with the forms for vertical writing of brackets, dashes and ellipses, where a font has them (Unicode, CJK Compatibility
 * Forms and Vertical Forms). */
bool stack_text(char out[LABEL_SIZE], const char *text, const struct font *font);

/* The next character of *text, with what is joined to it, in out; *text moves behind it. False at the end. */
bool stack_next(char out[LABEL_SIZE], const char **text);

#endif
