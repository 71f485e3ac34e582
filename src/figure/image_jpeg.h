/* JPEG files, decoded. */
#ifndef ATTN_FIGURE_IMAGE_JPEG_H
#define ATTN_FIGURE_IMAGE_JPEG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"
#include "figure/image.h"

/* Decodes a JPEG file of at most `most` pixels into an image that begins zeroed: grey, RGB and YCbCr, and
 * CMYK and YCCK, which are taken for inverted, as Adobe writes them; with Huffman codes, sequential or
 * progressive. Errors: see image_read; W×H pixels may have 16·most / ((W + 128)·(H + 128)) scans. */
bool image_jpeg_read(struct image *image, const struct source *source, size_t most, struct error *error);

#endif
