/* Images as pixels, which a figure may show beneath a matrix, made larger or smaller. Files to images:
 * image_read.h. */
#ifndef ATTN_FIGURE_IMAGE_H
#define ATTN_FIGURE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* height×width pixels of red, green, blue (sRGB), row by row. Begins zeroed; freed by image_free. */
struct image {
    uint8_t *pixels;
    size_t width, height;
};

/* Room for width×height pixels of so many bytes, not zeroed. Errors: no memory. */
bool image_alloc(struct image *image, size_t width, size_t height, size_t channels, struct error *error);
void image_free(struct image *image);

/* Makes `to` from `from`, which has pixels, width×height: averaging where it becomes smaller, interpolating
 * linearly where it becomes larger. Errors: no memory. */
bool image_scale(struct image *to, const struct image *from, size_t width, size_t height,
                 struct error *error);

#endif
