/*
 * The contents of a figure: one or more matrices with labels, and a style. Knows nothing of pixels, formats
 * or attention.
 */
#ifndef ATTN_FIGURE_HEATMAP_H
#define ATTN_FIGURE_HEATMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct font_file; /* figure/font_file.h */
struct image;     /* figure/image.h */

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
/* Texts beneath columns: level where all fit their cells and else turned; always level, cut to fit; always turned to
 * read upward. Numbers are level. */
enum label_angle { LABEL_ANGLE_AUTO, LABEL_ANGLE_LEVEL, LABEL_ANGLE_TURNED };
enum pool { POOL_MAX, POOL_MEAN };
/* What the file of a picture says of itself: nothing; its title and this program; the command line as well. */
enum metadata { METADATA_NONE, METADATA_TITLE, METADATA_COMMAND };

/*
 * The wishes of the user for a figure, as the options of group Picture give them: colours and their range,
 * sizes, numbers in the cells. The layout (layout.h) chooses all that is left open, and refuses a style that
 * cannot be had. Zeroed, with a dpi_scale of 1, leaves everything open.
 */
struct drawing_style {
    const char *cmap; /* a colour map; NULL: the default for the data (colormap.h) */
    enum color_scale scale;
    bool has_vmin, has_vmax;
    float vmin, vmax; /* vmax NaN: the quantile of range.h */
    size_t cell;      /* pixels a cell, before dpi_scale; 0: open */
    size_t width;     /* largest width of the figure in pixels, before dpi_scale; 0: open */
    size_t page[2];   /* width and height that the figure has in pixels, after dpi_scale; 0: open */
    size_t columns;   /* panels side by side; 0: open */
    enum annotate annotate;
    enum label_angle label_angle;
    enum pool pool;   /* how cells are combined if they are more than pixels */
    double dpi_scale; /* factor of all lengths, 1 to 8 */
    bool has_lines;   /* weights are lines between the labels of rows and columns (lines.h), not cells */
    bool has_lit;     /* one row of these is lit: */
    size_t lit;       /* its number, as row_first counts */
    const struct font_file
        *font; /* that labels are set in which the built-in fonts lack; NULL: none. Borrowed */
    enum metadata metadata;
    const char *command; /* the command line, for METADATA_COMMAND. Borrowed */
};

/*
 * Everything that one figure shows, with the words for it: a panel for each heatmap, under a common title,
 * with labels, names of the axes and one colour bar; all panels have the same shape, labels and colour
 * scale. Made by view/ from results, read by the layout; pointers are borrowed.
 */
struct drawing {
    const char *title; /* NULL: none */
    const struct heatmap *maps;
    size_t map_count;
    size_t across; /* panels side by side; 0: open */
    /* With `across`: a title for each row and each column of panels ("L3", "H7"). They stand beside the rows
     * and above the columns if panels are too small or too many for titles of their own. NULL: none. */
    const char *const *row_titles, *const *column_titles;
    size_t rows, columns;          /* of every map */
    const char *const *row_labels; /* `rows` of them, or NULL: numbered from row_first */
    const char *const *column_labels;
    size_t row_first, column_first;     /* number of the first row and column, for numbered labels */
    size_t row_step, column_step;       /* tokens a row or column stands for (already pooled data); 0 is 1 */
    const char *row_axis, *column_axis; /* "query", "key"; NULL: none */
    const char *measure;                /* beside the colour bar: "attention weight" */
    const char *masked_name;            /* of masked cells, in the legend; NULL: "masked" */
    const char *note;                   /* follows it if there is room: "(largest 0.13)"; NULL: open */
    /* Signed data: diverging colours centred on 0. If neither vmin nor vmax is given, the range has the same
     * length on both sides of it. */
    bool is_signed;
    size_t overlaid;           /* maps that share a panel of lines: neighbours; 0: none do */
    const struct image *image; /* lies beneath every map, stretched to its size; NULL: none */
    bool has_mark;             /* the cell at mark_row, mark_column of every map is outlined */
    size_t mark_row, mark_column;
    bool is_flag; /* cells are 1 or masked: a legend takes the place of the colour bar */
    /* Fixed range 0…1 unless vmin or vmax say otherwise, or most of the weight of FIGURE_COLORS keys or more would lie
     * in its lowest twentieth: then to the quantile of range.h. Else the range is that of the data. */
    bool is_weight;
    bool is_length; /* the range of the data begins at 0, below which there is nothing */
    struct drawing_style style;
};

#endif
