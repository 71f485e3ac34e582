/* The words of an SVG file. Whatever a label holds, what is written here is text of XML 1.0 and nothing else. */
#ifndef ATTN_PAINT_SVG_WRITE_H
#define ATTN_PAINT_SVG_WRITE_H

#include <stddef.h>

#include "base/out.h"
#include "figure/colormap.h"

/* A length in hundredths, without zeros at its end: 12, 12.5, -0.25. */
void svg_length(struct out *out, double length);

/* Text between tags, or in an attribute in double quotes. Characters that XML 1.0 does not allow, and those
 * that would turn the direction of what follows (text_is_unfit), become U+FFFD. */
void svg_text(struct out *out, const char *text);

/* "#440154", or shorter. */
void svg_color(struct out *out, struct color color);

/* The address of an image that lies in the file itself: bytes of a PNG in base 64 (RFC 4648). */
void svg_png_address(struct out *out, const void *bytes, size_t size);
/* The bytes that it takes. */
size_t svg_png_address_size(size_t size);

#endif
