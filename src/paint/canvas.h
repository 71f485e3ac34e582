/*
 * Pixels, and the shapes of a figure on them: rectangles, cells, ramps, lines and images. Texts are paint/canvas_text.h's. What lies beside
 * the canvas is left out.
 */
#ifndef ATTN_PAINT_CANVAS_H
#define ATTN_PAINT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "figure/figure.h"
#include "figure/font.h"
#include "figure/image.h"

/* height×width pixels of red, green, blue. */
struct canvas {
    uint8_t *rows;   /* as png_encode wants them: a byte of its own, then the pixels of a row. Borrowed */
    uint8_t *pixels; /* the first one */
    size_t stride;   /* bytes from row to row */
    int width, height;
    struct font *font;
    /* The image that was painted last, at the size it was painted: panels have it in common. */
    const struct image *image;
    bool is_pale;
    struct image scaled; /* owned: image_free */
};

static inline uint8_t canvas_mix(uint8_t below, uint8_t above, unsigned coverage)
{
    return (uint8_t)((below * (255 - coverage) + above * coverage + 127) / 255);
}

/* Lays a colour over a pixel, of which it covers so much of 255. */
static inline void canvas_blend(const struct canvas *canvas, int x, int y, struct color color,
                                unsigned coverage)
{
    if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height)
        return;
    uint8_t *pixel = canvas->pixels + (size_t)y * canvas->stride + (size_t)x * 3;
    pixel[0] = canvas_mix(pixel[0], color.r, coverage);
    pixel[1] = canvas_mix(pixel[1], color.g, coverage);
    pixel[2] = canvas_mix(pixel[2], color.b, coverage);
}

/* Each paints an item of its kind. A line at the very edge stays on the canvas. Errors: no memory. */
void canvas_rect(const struct canvas *canvas, const struct figure_item *item);
void canvas_ramp(const struct canvas *canvas, const struct figure_item *item, const struct figure *figure);
void canvas_line(const struct canvas *canvas, const struct figure_item *item);
bool canvas_matrix(const struct canvas *canvas, const struct figure_item *item, const struct figure *figure,
                   struct error *error);
/* Translucent cells over the pixels that are there. */
bool canvas_veil(const struct canvas *canvas, const struct figure_item *item, const struct figure *figure,
                 struct error *error);
bool canvas_image(struct canvas *canvas, const struct figure_item *item, struct error *error);

#endif
