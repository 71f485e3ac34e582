/*
 * A drawing as lines: the labels of rows in a column to the left, those of columns to the right, and between them a
 * line for each cell, whose opacity is the cell's place on the scale of colours. Maps that share a panel have colours
 * of their own, and their lines ends of their own, so that none covers another.
 */
#ifndef ATTN_FIGURE_LINES_H
#define ATTN_FIGURE_LINES_H

#include "figure/figure.h"
#include "figure/font.h"
#include "figure/heatmap.h"

/* The most labels of a column, and the most maps that share a panel. */
enum { LINES_MOST = 40, LINES_MAPS_MOST = 12 };

/* As layout_figure, which calls it for drawings that have lines. Errors: also ERROR_USAGE for more labels or maps
 * than that, and for data with a sign. */
bool lines_layout(struct figure *figure, const struct drawing *drawing, struct font *font,
                  struct error *error);

#endif
