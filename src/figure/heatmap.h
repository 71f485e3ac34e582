/*
 * What is to be drawn: one or more matrices with labels, and how. Knows nothing of pixels, formats or
 * attention.
 */
#ifndef ATTN_FIGURE_HEATMAP_H
#define ATTN_FIGURE_HEATMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct image; /* figure/image.h */

/* One matrix, rows×columns, row-major. NaN cells get a colour of their own. */
struct heatmap {
    const char *title;     /* over the panel; NULL or "": none */
    const float *values;   /* borrowed */
    size_t stride;         /* numbers from one row of values to the next; 0: they are packed */
    const uint8_t *masked; /* rows×columns, nonzero where the cell is masked; NULL: none is. Borrowed */
};

enum color_scale { COLOR_LINEAR, COLOR_LOG, COLOR_SQRT };
/* Numbers in the cells: where they fit at a good size; at any size that can be read, in cells that grow for
 * them unless cell or width is given; never. */
enum annotate { ANNOTATE_AUTO, ANNOTATE_ON, ANNOTATE_OFF };
enum pool { POOL_MAX, POOL_MEAN };

/* How to draw. Zeroed is the default but for dpi_scale (1). */
struct drawing_style {
    const char *cmap; /* NULL: viridis, the diverging one for signed data, or magma over an image */
    enum color_scale scale;
    bool has_vmin, has_vmax;
    float vmin, vmax;
    size_t cell;  /* pixels a cell, before dpi_scale; 0: chosen */
    size_t width; /* pixels the whole figure is not to exceed, before dpi_scale; 0: chosen */
    enum annotate annotate;
    enum pool pool;   /* how cells are combined where there are more of them than pixels */
    double dpi_scale; /* everything this many times as large; 1 or more, at most 8 */
};

/* A figure with one panel a heatmap; all panels have the same shape, labels and colour scale. */
struct drawing {
    const char *title; /* NULL: none */
    const struct heatmap *maps;
    size_t map_count;
    size_t across; /* panels side by side; 0: chosen */
    /* Where `across` is given: what the panels of a row and of a column have in common ("L3", "H7"), one a
     * row and one a column of panels. Written once, beside the rows and above the columns, where panels are
     * too small for titles of their own. NULL: none. */
    const char *const *row_titles, *const *column_titles;
    size_t rows, columns;          /* of every map */
    const char *const *row_labels; /* `rows` of them, or NULL: numbered from row_first */
    const char *const *column_labels;
    size_t row_first, column_first;     /* number of the first row and column, for numbered labels */
    size_t row_step, column_step;       /* tokens a row or column stands for (already pooled data); 0 is 1 */
    const char *row_axis, *column_axis; /* "query", "key"; NULL: none */
    const char *measure;                /* beside the colour bar: "attention weight" */
    const char *note;                   /* behind it where there is room: "(largest 0.13)"; NULL: chosen */
    bool is_signed; /* signed data: diverging colours centred on 0, and where neither vmin nor vmax is
                       given a range that is the same on both sides of it */
    const struct image *image; /* lies beneath every map, stretched to its size; NULL: none. Borrowed */
    bool has_mark;             /* the cell at mark_row, mark_column of every map is outlined */
    size_t mark_row, mark_column;
    bool is_flag;   /* all that is not masked is 1: a legend stands for the colour bar */
    bool is_weight; /* fixed range 0…1 unless vmin or vmax say otherwise; else from the data */
    struct drawing_style style;
};

#endif
