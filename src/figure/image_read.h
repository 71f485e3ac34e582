/* Images from PNG and JPEG files. */
#ifndef ATTN_FIGURE_IMAGE_READ_H
#define ATTN_FIGURE_IMAGE_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"
#include "figure/image.h"

/* The most pixels of a side that are read. */
enum { IMAGE_SIDE_MOST = 1 << 20 };

/*
 * Decodes a PNG or JPEG file of at most `most` pixels (2^20 or more). An image whose longer side has more
 * than `longest` pixels is made smaller to that. Transparent pixels are laid on white. Orientation (Exif),
 * gamma and colour profile are ignored: pixels stay as they are stored. Time and memory are bounded by the
 * size of the file and the pixels that it announces, which are compared with `most` first.
 * Errors, which name the file: ERROR_INPUT for any other format, a broken file, too many pixels, or too many
 * scans for its pixels, ERROR_SYSTEM for memory.
 */
bool image_read(struct image *image, const struct source *source, size_t most, size_t longest,
                struct error *error);

/* Whether a file may announce so many pixels. Errors: ERROR_INPUT. */
bool image_check_size(const struct source *source, size_t width, size_t height, size_t most,
                      struct error *error);

#endif
