/* The parts that layout.c puts together, shared by its files only. Lengths are in pixels before dpi_scale. */
#ifndef ATTN_FIGURE_LAYOUT_PARTS_H
#define ATTN_FIGURE_LAYOUT_PARTS_H

#include "figure/colormap.h"
#include "figure/figure.h"
#include "figure/heatmap.h"
#include "figure/pool.h"
#include "figure/scale.h"
#include "figure/typeset.h"

#define LAYOUT_PAD 16.0       /* around everything */
#define LAYOUT_NAME_SIZE 13.0 /* axis names and the colour bar's */
#define LAYOUT_SMALL_SIZE 11.0
#define LAYOUT_BAR_GAP 20.0 /* left of the colour bar */
#define LAYOUT_CAP 0.365    /* from the middle of a capital to its baseline, in ems */

extern const struct color layout_ink, layout_pale, layout_line;

/* The labels along one side of a matrix. */
struct axis {
    const char *const *labels; /* one a cell; NULL: numbered */
    size_t count;              /* cells */
    size_t first, unit;        /* number of the first cell's first token; tokens a cell stands for */
    double cell;
    double size;  /* of the text; 0: there are no labels */
    size_t every; /* cells, or tokens if numbered, from one label to the next */
    enum figure_turn
        turn; /* of labels of columns; where it is TURN_UP, those of East Asian characters are TURN_STACKED */
    enum label_angle angle; /* of columns, as asked; set by the caller */
    bool is_above;          /* labels of columns that stand over the matrix; set by the caller */
    bool has_ticks;
    double limit;    /* a label is cut to this length */
    double cut;      /* and to so many ems, of which both axes of a matrix have as many; 0: any number */
    double reach;    /* how far the labels go from the matrix */
    double overhang; /* and how far those of columns that rise reach to the left of its left edge */
};

/* The ems that `limit` is at the size that labels of such cells have; INFINITY where they are numbers. */
double axis_cut(const struct axis *axis);
/* Set size, every, turn, has_ticks, reach and overhang, and make `limit` smaller for level columns; the caller has set the rest. */
bool axis_plan_rows(struct axis *axis, struct font *font, struct error *error);
bool axis_plan_columns(struct axis *axis, struct font *font, struct error *error);
/* Draws to the left of a matrix whose corner is x, y; below one whose lower left corner is x, y, or above one
 * whose upper left corner it is. */
bool axis_draw_rows(const struct axis *axis, struct figure *figure, double x, double y, struct font *font,
                    struct error *error);
bool axis_draw_columns(const struct axis *axis, struct figure *figure, double x, double y, struct font *font,
                       struct error *error);

/* The colour bar and the legend below it. */
struct bar {
    const struct scale *scale;
    const char *measure, *masked_name, *note; /* as in struct drawing; masked_name is never NULL */
    const char *masked_count;                 /* likewise; NULL: nothing */
    bool has_masked, has_nan, has_dropped;
    size_t colors; /* where its colours begin in the figure's palette */
    struct color masked, nan, dropped;
    bool is_swatch; /* the legend has a line for `highest`, and there is no bar */
    struct color highest;
    double height, legend; /* of the bar; of the legend below it */
    double width;          /* of everything */
    struct tick ticks[SCALE_TICKS];
    size_t tick_count;
};

/* Sets the rest, for bar and legend together `height` high; they may become higher. */
bool bar_plan(struct bar *bar, double height, struct font *font, struct error *error);
bool bar_draw(const struct bar *bar, struct figure *figure, double x, double y, struct font *font,
              struct error *error);
/* A line of a legend: a square of the colour, and what it means. */
bool bar_legend_line(struct figure *figure, double x, double y, struct color color, const char *text,
                     struct error *error);

/* How the numbers in the cells are written. */
struct values {
    double size; /* of the text; 0: none are */
    int decimals;
    double least; /* not 0 and nearer to it: two significant digits, where they fit */
};

struct values values_plan(const struct drawing *drawing, const struct extent *extent, double cell_width,
                          double cell_height, struct font *font, struct error *error);
/* The smallest cell that such numbers fit. */
double values_cell(const struct drawing *drawing, const struct extent *extent, struct font *font,
                   struct error *error);

/* The size of a panel's cells and how many cells of the data each is. */
struct sizing {
    double cell_width, cell_height;
    size_t row_factor, column_factor;
};

/* Cells are square, or have the shape that the image beneath gives them if that is nearly a square. `room`
 * and `room_below` are the largest width and height of a matrix, or INFINITY; `least` is the smallest cell,
 * or 0. */
struct sizing sizing_choose(const struct drawing *drawing, double room, double room_below, double least);

/* One panel: title, frame, matrix, numbers. The corner of the matrix is x, y. */
struct panel {
    const struct pooled *pooled;
    const uint8_t *dropped; /* of its cells, as in a heatmap; NULL: none is */
    const char *title;
    double cell_width, cell_height;
    double title_room, title_size;
    const struct scale *scale;
    struct values values;
    const struct image *image; /* beneath; NULL: none */
    bool is_image;             /* the image alone, as it is */
    bool has_mark;
    size_t mark_row, mark_column; /* of pooled */
};

/* The line around a box. Cells are drawn below all lines and texts, so that a filled box is no frame of a matrix. */
bool frame_draw(struct figure *figure, double x, double y, double width, double height, struct error *error);

bool panel_draw(const struct panel *panel, struct figure *figure, double x, double y, struct font *font,
                struct error *error);

/* The largest cells, and a length in whole pixels, also after dpi_scale: at least one. */
#define SIZING_LARGEST 56.0
double sizing_whole(double length, double dpi_scale);

/* Over the panel of the image alone. */
#define LAYOUT_IMAGE_TITLE "image"

/* A layout in the making. Begins zeroed but for drawing, figure, font and error. */
struct layout {
    const struct drawing *drawing;
    struct figure *figure;
    struct font *font;
    struct error *error;
    double beside;  /* expected width of the figure without panels and the gaps between them */
    double above;   /* expected height of the figure without panels and the gaps between them, on a page */
    double least;   /* of the cells */
    bool no_labels; /* panels have none: there is no room for both */
    size_t across, down;
    size_t lead;      /* panels before those of the maps: 1, of the image alone, or 0 */
    bool is_overview; /* so many panels that rows and columns of them share titles, a few pixels apart */
    struct sizing sizing;
    struct pooled shape; /* of every panel; holds the values and masks of all, panel behind panel */
    struct extent extent;
    struct scale scale;
    double dim; /* share of the cells in the lowest twentieth of the scale, if the user should know; else 0 */
    bool is_automatic; /* the scale ends at the quantile, though nobody has asked */
    struct values values;
    struct axis rows, columns;
    struct axis row_titles, column_titles; /* of rows and columns of panels; size 0: none */
    struct bar bar;
    char bar_note[48];                            /* follows the measure, beside the colour bar */
    double panel_width, panel_height, title_room; /* of a matrix; height above it for its title */
    double title_size;                            /* of panels; 0: they have none */
    double gap;                                   /* between panels */
    double left, top;                             /* corner of the first matrix */
};

/* How many panels the figure has. */
static inline size_t layout_panels(const struct layout *layout)
{
    return layout->drawing->map_count + layout->lead;
}

/* Sets everything up to the width of the figure; `drawing`, `figure`, `font` and `error` are set.
 * `shape`'s memory is the caller's to free, also on failure. */
bool layout_plan(struct layout *layout);
/* Pools all maps, and chooses the range of the colours and the palette of the figure; `sizing` is set. */
bool layout_colors(struct layout *layout);
/* Draws what is planned, and sets the height of the figure. */
bool layout_draw(struct layout *layout);
/* Both, for a figure of style.page pixels: panels as large as fit there, in the middle of it. `shape` as above. */
bool layout_page(struct layout *layout);

#endif
