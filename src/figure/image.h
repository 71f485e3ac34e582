/*
 * Pictures that something is drawn over: read from PNG and JPEG, and made larger or smaller. Not the pictures
 * that are drawn: those are figure.h's.
 */
#ifndef ATTN_FIGURE_IMAGE_H
#define ATTN_FIGURE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"

/* height×width pixels of red, green, blue (sRGB), row by row. Begins zeroed; freed by image_free. */
struct image {
    uint8_t *pixels;
    size_t width, height;
};

/* The most pixels that are read. */
enum { IMAGE_PIXELS = 64 << 20 };

/* Decodes a PNG or JPEG file; what is transparent is laid on white. Where its longer side has more than
 * `longest` pixels it is made smaller to that. Errors, which name the file: ERROR_INPUT for what is neither,
 * is broken or has too many pixels, ERROR_SYSTEM for memory. */
bool image_read(struct image *image, const struct source *source, size_t longest, struct error *error);
void image_free(struct image *image);

/* Makes `to` from `from`, which has pixels, width×height: averaging where it becomes smaller, interpolating
 * linearly where it becomes larger. Errors: no memory. */
bool image_scale(struct image *to, const struct image *from, size_t width, size_t height,
                 struct error *error);

#endif
