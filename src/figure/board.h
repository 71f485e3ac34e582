/*
 * A figure of rows and columns of panels that differ: each column has matrices of a shape, labels and cells of its own,
 * and a colour scale that it has alone or shares with its neighbours. Signs stand between the panels, and beneath
 * them a colour bar for each scale.
 */
#ifndef ATTN_FIGURE_BOARD_H
#define ATTN_FIGURE_BOARD_H

#include "figure/figure.h"
#include "figure/font.h"
#include "figure/heatmap.h"

/* One matrix, and what stands over it and to its left. Strings may be NULL. */
struct board_panel {
    const struct drawing *drawing; /* of one map, whose title is not used; NULL: the place is empty */
    const char *title, *subtitle;
    const char *above, *sign, *below; /* between the panel to the left and this one: "softmax", "→" */
};

struct board_column {
    size_t scale; /* the number of its colour scale */
    bool
        is_square; /* cells are squares, as large as those of all such columns; else as narrow as there is room for */
};

/* Numbers of scales begin at 0; columns of one scale stand side by side. Range and colours of a scale go by its first
 * drawing and by the values of all. All cells are equally high. */
struct board {
    const char *title; /* NULL: none */
    size_t rows, across;
    const struct board_panel *panels;   /* rows×across, row by row; in each column there is one */
    const struct board_column *columns; /* across */
    const char *const *measures;        /* of each scale, beneath its bar */
    size_t scale_count;
    const char *const *row_titles; /* NULL: none */
    const char *footer;            /* NULL: none */
    struct drawing_style style;    /* with vmin and vmax only where there is one scale */
};

enum { BOARD_SCALES = 8, BOARD_COLUMNS = 12 };

/* Lays the board out into `figure`, which begins zeroed; figure_free frees it in any case. Errors: as those of
 * layout_figure (figure/layout.h). */
bool board_layout(struct figure *figure, const struct board *board, struct font *font, struct error *error);

#endif
