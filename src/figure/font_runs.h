/* Which characters of a text the font that the user names is for. */
#ifndef ATTN_FIGURE_FONT_RUNS_H
#define ATTN_FIGURE_FONT_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "figure/font.h"

/* Draws nothing and takes no room: joiners, direction marks, variation selectors, byte order mark, tags. */
bool font_is_invisible(uint32_t code);

/* Sets own[i] for each character that is set in the font of the user, and returns whether any is. Latin, Greek and Cyrillic, numbers
 * and signs are not where a text has nothing else: they look the same throughout a picture. A text of which that font has all is
 * wholly set in it, unless it is one of pictures in colour. */
bool font_choose(const struct font *font, const uint32_t *codes, size_t count, bool *own);

#endif
