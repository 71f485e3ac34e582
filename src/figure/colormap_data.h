/* The colours of the maps, as text. */
#ifndef ATTN_FIGURE_COLORMAP_DATA_H
#define ATTN_FIGURE_COLORMAP_DATA_H

#include <stddef.h>

/* `stops`: evenly spaced colours from the lowest to the highest, six hexadecimal digits each, to be joined by
 * straight lines in RGB. `masked`: the colour of masked cells, likewise. */
struct colormap_data {
    const char *name, *stops, *masked;
};

extern const struct colormap_data colormap_data[];
extern const size_t colormap_count;

#endif
