/* Pixels to the bytes of a PNG file. */
#ifndef ATTN_PAINT_PNG_ENCODE_H
#define ATTN_PAINT_PNG_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/out.h"
#include "paint/png_palette.h"

/* What a PNG says of itself beside its pixels. */
struct png_notes {
    double dpi;    /* pixels an inch; 0: not said */
    bool is_named; /* whether texts are written: what made it, and these where they are not NULL. UTF-8 */
    const char *title, *command;
};

/* Writes `height` rows, each of one byte that the encoder fills in and `width` pixels: as they stand in a
 * PNG, so that nothing is copied. A pixel is an index of the palette or, where that is NULL, red, green and
 * blue. Errors: too many pixels, no memory; those of `out` stay in it. */
bool png_encode(uint8_t *rows, int width, int height, const struct palette *palette,
                const struct png_notes *notes, struct out *out, struct error *error);

#endif
