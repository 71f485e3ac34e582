/* Images from PNG and JPEG files. */
#ifndef ATTN_FIGURE_IMAGE_READ_H
#define ATTN_FIGURE_IMAGE_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"
#include "figure/image.h"

/* The most pixels that are read. */
enum { IMAGE_PIXELS = 64 << 20 };

/* Decodes a PNG or JPEG file; transparent pixels are laid on white. An image whose longer side has more than
 * `longest` pixels is made smaller to that. Errors, which name the file: ERROR_INPUT for any other format, a
 * broken file and too many pixels, ERROR_SYSTEM for memory. */
bool image_read(struct image *image, const struct source *source, size_t longest, struct error *error);

#endif
