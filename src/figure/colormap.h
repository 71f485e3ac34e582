/*
 * Colour maps by name: 256 colours each, as matplotlib has them under the same name.
 */
#ifndef ATTN_FIGURE_COLORMAP_H
#define ATTN_FIGURE_COLORMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct color {
    uint8_t r, g, b;
};

/* Sequential colours get lighter from the lowest to the highest, for data from 0 on. Diverging ones are
 * lightest in the middle, for data with a sign. */
enum colormap_kind { COLORMAP_SEQUENTIAL, COLORMAP_DIVERGING };

/* The default over an image: its lowest colour has no hue, and darkens the patches that get no weight. */
#define COLORMAP_OVER_IMAGE "magma"

struct colormap {
    enum colormap_kind kind;
    struct color colors[256];
    struct color masked, nan, dropped; /* colours that none of `colors` comes near */
};

/* The names of all maps (their table is colormap_data.c): NULL-terminated, and as the words of an option,
 * "viridis magma …". */
extern const char *const colormap_names[];
extern const char colormap_words[];

/* The name of the default for data of that kind: the first of the table. */
const char *colormap_default(enum colormap_kind kind);

/* Fills the map of that name. Errors: ERROR_USAGE, with a suggestion or all names, for any other name. */
bool colormap_find(struct colormap *map, const char *name, struct error *error);

/* A colour between those of the map; at 0 the first, at 1 the last. Clamps. */
struct color colormap_at(const struct colormap *map, double position);

/* Whether dark text reads better on this colour than white text: by the relative luminance of WCAG 2. */
bool color_is_light(struct color color);

#endif
