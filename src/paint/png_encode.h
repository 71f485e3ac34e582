/* Pixels to the bytes of a PNG file. */
#ifndef ATTN_PAINT_PNG_ENCODE_H
#define ATTN_PAINT_PNG_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/out.h"
#include "paint/png_palette.h"

/* Writes `height` rows, each of one byte that the encoder fills in and `width` pixels: as they stand in a
 * PNG, so that nothing is copied. A pixel is an index of the palette or, where that is NULL, red, green and
 * blue. Errors: too many pixels, no memory; those of `out` stay in it. */
bool png_encode(uint8_t *rows, int width, int height, const struct palette *palette, struct out *out,
                struct error *error);

#endif
