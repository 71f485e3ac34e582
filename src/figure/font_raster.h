/* Pixels of a glyph by FreeType: the coverage of an outline, or a picture in colour, as emoji have them. */
#ifndef ATTN_FIGURE_FONT_RASTER_H
#define ATTN_FIGURE_FONT_RASTER_H

#include <stdbool.h>
#include <stdint.h>

struct FT_FaceRec_; /* of FreeType */

/* Pixel (0, 0) lies at left, top from the glyph's origin on the baseline; y downward. */
struct font_raster {
    int left, top, width, height;
    bool is_colored;
    /* 0…255, width×height; of colours four for each pixel: red, green, blue, alpha, multiplied by alpha. Valid until the next glyph
     * of the face. */
    const uint8_t *pixels;
};

/* The glyph at `size` pixels an em, its origin `quarter`/4 pixels to the right of a pixel's edge (of pictures, at the edge). What
 * FreeType does not hold is put into *own, memory that the caller frees. Hinting is never run. Returns FreeType's error: 0, none;
 * FT_Err_Raster_Overflow for a glyph of more than 16 ems. */
int font_raster_render(struct FT_FaceRec_ *ft, int glyph, double size, int quarter, uint8_t **own,
                       struct font_raster *raster);

#endif
