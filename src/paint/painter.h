/*
 * Figures to the bytes of a picture. A format is one file that defines one `struct painter`, and its name in
 * PAINTERS, which is also the ending of its files.
 */
#ifndef ATTN_PAINT_PAINTER_H
#define ATTN_PAINT_PAINTER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "figure/figure.h"
#include "paint/paint_kit.h"

/* The formats of pictures: X(NAME) for each, with BETWEEN between them. */
#define PAINTERS(X, BETWEEN) X(png) BETWEEN X(svg)

struct painter {
    bool has_glyphs; /* letters are those of the built-in fonts; else what reads the picture has fonts */
    /* Paints a figure (figure/layout.h) with the fonts and the memory of `kit`; pictures that were painted
     * with it before leave no trace. Errors: ERROR_USAGE for too many pixels, ERROR_SYSTEM for memory; those
     * of `out` stay in it. */
    bool (*paint)(struct paint_kit *kit, const struct figure *figure, struct out *out, struct error *error);
};

#define PAINTER_DECLARE(name) extern const struct painter painter_##name;
PAINTERS(PAINTER_DECLARE, )

#endif
