/* The table of the colour maps: their colours as text. */
#ifndef ATTN_FIGURE_COLORMAP_DATA_H
#define ATTN_FIGURE_COLORMAP_DATA_H

#include <stddef.h>

#include "figure/colormap.h"

struct colormap_row {
    const char *name;
    enum colormap_kind kind;
    const char *masked; /* the colour of masked cells, six hexadecimal digits */
    /* Evenly spaced colours from the lowest to the highest, six digits each, joined by straight lines in
     * RGB. */
    const char *stops;
};

extern const struct colormap_row colormap_rows[];
extern const size_t colormap_count;

#endif
