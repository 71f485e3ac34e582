/* The font files that are built in. A character is drawn from the first one that has it. */
#ifndef ATTN_FIGURE_FONT_DATA_H
#define ATTN_FIGURE_FONT_DATA_H

enum { FONT_FACES = 2 };

extern const unsigned char *const font_data[FONT_FACES];

#endif
