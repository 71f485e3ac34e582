/* The matrices and images of a figure in an SVG, which lie beneath everything else. */
#ifndef ATTN_PAINT_SVG_CELLS_H
#define ATTN_PAINT_SVG_CELLS_H

#include "base/error.h"
#include "base/out.h"
#include "figure/figure.h"
#include "paint/paint_kit.h"
#include "paint/pixel_grid.h"

/* More cells than this are an image. */
enum { SVG_CELLS_MOST = 20000 };

/*
 * Cells as shapes, where they are few enough: one path a colour, of rectangles that are runs of cells; a matrix
 * without gaps begins as a rectangle of its most frequent colour. More cells, and the images beneath them, are
 * one image of the pixels that the PNG has there, cut into strips where a strip would be too long for readers.
 * Images beneath few cells are images of their own. Errors: no memory; those of the painter of PNG.
 */
bool svg_cells(struct paint_kit *kit, const struct figure *figure, struct out *out, struct error *error);

/* How many cells a figure has in all, as the choice between shapes and an image counts them. */
size_t svg_cells_count(const struct figure *figure);

/* A rectangle of a path, from the point where the one before it ended, which it moves on; the first of a path
 * counts from 0, 0. */
void svg_box(struct out *out, struct pixel_box box, int at[2]);

#endif
