/* Pixels to the bytes of a PNG file. */
#ifndef ATTN_DRAW_PNG_ENCODE_H
#define ATTN_DRAW_PNG_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/out.h"

/* Writes height×width pixels of red, green, blue. Errors: too many of them, no memory; those of `out` stay in
 * it. */
bool png_encode(const uint8_t *pixels, int width, int height, struct out *out, struct error *error);

#endif
