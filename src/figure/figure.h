/*
 * A figure as a flat list of shapes over a white ground, in the order of painting. It knows nothing of the
 * formats that it is painted in, and painters know nothing of heatmaps. A painter may put what is alike
 * together: images, then matrices, then rectangles, ramps and lines, then texts. So nothing but an image lies beneath a
 * matrix, nothing beneath an image, and nothing over a text.
 *
 * Lengths are in pixels, x to the right and y down. Strings and cells lie in two arrays of the figure; the
 * items hold offsets into them.
 */
#ifndef ATTN_FIGURE_FIGURE_H
#define ATTN_FIGURE_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "figure/colormap.h"
#include "figure/image.h"

/* The values of a cell: a colour of the colour map, 0…255, or one of these. Indexes of figure.palette. */
enum {
    FIGURE_COLORS = 256,
    FIGURE_MASKED = 256,
    FIGURE_NAN = 257,
    FIGURE_DROPPED = 258,
    FIGURE_PALETTE = 259
};
enum { FIGURE_PALETTES = 2 }; /* the most that a figure has */

enum figure_kind {
    FIGURE_RECT,   /* filled with color */
    FIGURE_TEXT,   /* one line, at x, y; width and height are not used */
    FIGURE_MATRIX, /* rows×columns cells that fill the rectangle */
    FIGURE_RAMP,   /* the colours of the map, 0 at the bottom, 255 at the top */
    FIGURE_LINE,   /* straight, from x, y, by width and height, which may be negative */
    FIGURE_IMAGE,  /* an image, stretched over the rectangle */
};

/* How a text runs from there: level; upward, turned by 90° against the clock; rising, by 45°; downward, in upright characters
 * (figure/stack.h), whose middle is at x and whose top is at y, whatever the anchor. */
enum figure_turn { TURN_NONE, TURN_UP, TURN_RISING, TURN_STACKED };

/* The part of a text that stands at x, y. */
enum figure_anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

struct figure_item {
    enum figure_kind kind;
    float x, y, width, height;
    struct color color; /* of rectangles, lines and texts */
    size_t colors;      /* of matrices and ramps: offset into figure.palette of the colours of their cells */
    union {
        struct {
            /* Offset into figure.strings: UTF-8, NUL-terminated, in logical order, without C0 controls. */
            size_t string;
            float size; /* pixels an em; y is the baseline */
            enum figure_anchor anchor;
            enum figure_turn turn;
        } text;
        struct {
            size_t cells; /* offset into figure.cells; row-major */
            size_t rows, columns;
            float gap;    /* white between neighbouring cells, taken from their right and lower edges */
            bool is_veil; /* translucent (figure_veil_coverage); without gaps */
        } matrix;
        struct {
            float thick;     /* across the line; its ends are cut straight */
            uint8_t opacity; /* of 255 */
        } line;
        struct {
            const struct image *pixels; /* borrowed */
            bool is_pale;               /* as figure_pale makes it */
        } image;
    };
};

/* Begins zeroed; freed by figure_free. */
struct figure {
    float width, height;
    float dpi_scale; /* pixels of the figure a pixel of 1/96 inch, as CSS has them; 0: 1 */
    /* What the file says of itself, where anything: UTF-8 without control characters; title and command may be NULL. Owned. */
    bool is_named;
    char *title, *command;
    struct color palette[FIGURE_PALETTES * FIGURE_PALETTE]; /* palette_count of them */
    double dim; /* share of the cells in the lowest twentieth of the colours, where that is a fault; else 0 */
    size_t palette_count; /* 0: only the first is set, by who lays the figure out */
    struct figure_item *items;
    size_t count, capacity;
    char *strings;
    size_t string_size, string_capacity;
    uint16_t *cells;
    size_t cell_count;
};

void figure_free(struct figure *figure);

/* Each adds one item. Errors: no memory. */
bool figure_rect(struct figure *figure, double x, double y, double width, double height, struct color color,
                 struct error *error);
/* `colors`: where the ramp's colours begin in the palette. */
bool figure_ramp(struct figure *figure, double x, double y, double width, double height, size_t colors,
                 struct error *error);
bool figure_line(struct figure *figure, double x, double y, double end_x, double end_y, double thick,
                 struct color color, uint8_t opacity, struct error *error);
/* The text is copied. */
bool figure_text(struct figure *figure, double x, double y, double size, enum figure_anchor anchor,
                 enum figure_turn turn, struct color color, const char *text, struct error *error);
/* The image must outlive the figure. */
bool figure_image(struct figure *figure, double x, double y, double width, double height,
                  const struct image *image, bool is_pale, struct error *error);
/* Returns the rows×columns cells, to be filled at once, or NULL. */
uint16_t *figure_matrix(struct figure *figure, double x, double y, double width, double height, size_t rows,
                        size_t columns, double gap, bool is_veil, struct error *error);

/* How much a cell of a veil covers of the image beneath it, of 255. */
uint8_t figure_veil_coverage(uint16_t cell);
/* A pixel of an image as it is painted: half grey, so that strong colours are those of the cells over it. */
void figure_pale(uint8_t pixel[3]);

/* What the file of the figure is to say of itself; texts, which may be NULL, are copied, and their control characters shown.
 * Errors: no memory. */
bool figure_name(struct figure *figure, const char *title, const char *command, struct error *error);

/* Adds all of another figure, moved by x to the right and y downward, with its colours, and makes this one as large as both; the name is that of
 * the first that has one.
 * Errors: ERROR_USAGE where the palettes are more than FIGURE_PALETTES; no memory. */
bool figure_append(struct figure *figure, const struct figure *other, double x, double y,
                   struct error *error);

/* Makes everything `factor` times as large, of so many times the pixels an inch. */
void figure_scale(struct figure *figure, double factor);

#endif
