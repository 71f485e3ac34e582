/* PNG files, decoded. */
#ifndef ATTN_FIGURE_IMAGE_PNG_H
#define ATTN_FIGURE_IMAGE_PNG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"
#include "figure/image.h"

/* Decodes a PNG file of at most `most` pixels, of every kind, into an image that begins zeroed. Errors: see
 * image_read; a wrong checksum is one in any chunk. */
bool image_png_read(struct image *image, const struct source *source, size_t most, struct error *error);

#endif
