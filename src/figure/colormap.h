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

/* The map for signed data. */
#define COLORMAP_SIGNED "RdBu_r"
/* The map over an image: its lowest colour has no hue, and darkens what is not looked at. */
#define COLORMAP_OVER "magma"

struct colormap {
    struct color colors[256];
    struct color masked, nan; /* colours that none of `colors` comes near */
};

/* The names of all maps, NULL-terminated; the first is the default. */
extern const char *const colormap_names[];

/* Fills the map of that name. Errors: ERROR_USAGE, with a suggestion, for a name that is none. */
bool colormap_find(struct colormap *map, const char *name, struct error *error);

/* A colour between those of the map; at 0 the first, at 1 the last. Clamps. */
struct color colormap_at(const struct colormap *map, double position);

/* Whether dark text reads better on this colour than white text: by the relative luminance of WCAG 2. */
bool color_is_light(struct color color);

#endif
