/* What a thread keeps from one picture to the next, because it takes long to make: fonts with the glyphs
 * rendered so far, and memory for pixels. */
#ifndef ATTN_PAINT_PAINT_KIT_H
#define ATTN_PAINT_PAINT_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "figure/font.h"

/* Begins zeroed; freed by paint_kit_free in any case. */
struct paint_kit {
    struct font *font; /* measures texts in the layout, and gives their glyphs to painters of pixels */
    uint8_t *pixels;   /* of the largest picture so far */
    size_t room;       /* bytes of `pixels` */
};

/* Opens the fonts, and that of the user, which must outlive the kit (NULL: none). Errors: those of font_open. */
bool paint_kit_open(struct paint_kit *kit, const struct font_file *file, struct error *error);
void paint_kit_free(struct paint_kit *kit);

/* Makes room for at least `bytes` of pixels in kit->pixels, whose content is then arbitrary. Errors: no
 * memory. */
bool paint_kit_reserve(struct paint_kit *kit, size_t bytes, struct error *error);

#endif
