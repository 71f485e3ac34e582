/*
 * A picture in 256 colours: a byte a pixel is a third of what red, green and blue take, and the time to
 * compress a picture goes with its bytes.
 *
 * Colours of cells, bar and lines are put into the palette first, and stay as they are. So do greys, and
 * labels are the same in every picture. The rest are blends at the edges of numbers in cells; if the palette
 * has no room for one, it becomes the nearest colour that the palette has.
 */
#ifndef ATTN_PAINT_PNG_PALETTE_H
#define ATTN_PAINT_PNG_PALETTE_H

#include <stdbool.h>
#include <stdint.h>

#include "figure/colormap.h"

enum { PALETTE_MOST = 256 };

/* Begins zeroed. */
struct palette {
    int count;
    struct color colors[PALETTE_MOST];
};

/* Makes sure that a colour is there. Returns false if there is no room. */
bool palette_keep(struct palette *palette, struct color color);

/* Adds the greys of a picture, and of its other colours those that are furthest from all that are there,
 * until none are missing or the palette is full. Then turns the rows, each of a byte that is left alone and
 * `width` pixels of red, green, blue, into rows of a byte and `width` indexes, in place. Returns false, and
 * changes no row, if greys have no room or a colour would be off by more than `within` of 255. */
bool palette_apply(struct palette *palette, uint8_t *rows, int width, int height, int within);

#endif
