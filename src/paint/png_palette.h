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

/* Different colours; a picture that has more is none of cells and letters. */
enum { COLORS_MOST = 4096, COLORS_SLOTS = 2 * COLORS_MOST };

/* The colours of a picture, each with the place in the palette that is nearest to it. Begins zeroed. */
struct picture_colors {
    struct {
        uint32_t key; /* of a colour, never 0; 0: none */
        uint16_t number;
    } slots[COLORS_SLOTS]; /* a hash table */
    int count;
    uint8_t red[COLORS_MOST], green[COLORS_MOST], blue[COLORS_MOST];
    uint8_t distance[COLORS_MOST], place[COLORS_MOST];
};

/* Finds the colours of rows, each of a byte that is left alone and `width` pixels of red, green, blue. Returns
 * false if they are too many. */
bool palette_find(struct picture_colors *colors, const uint8_t *rows, int width, int height);

/* Adds the greys of a picture to a palette, and of its other colours those that are furthest from all that are
 * there, until none are missing or the palette is full. Returns false if greys have no room or a colour would
 * be off by more than `within` of 255; another palette can be tried then. */
bool palette_fit(struct palette *palette, struct picture_colors *colors, int within);

/* Turns the rows whose colours were found, and have a palette that fits, into rows of a byte and `width`
 * indexes, in place. */
void palette_write(struct picture_colors *colors, uint8_t *rows, int width, int height);

#endif
