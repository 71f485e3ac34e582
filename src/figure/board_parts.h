/* The parts that board.c puts together, shared by its files only. Lengths are in pixels before dpi_scale. */
#ifndef ATTN_FIGURE_BOARD_PARTS_H
#define ATTN_FIGURE_BOARD_PARTS_H

#include "figure/board.h"
#include "figure/layout_parts.h"

#define BOARD_TITLE_SIZE 13.0 /* of panels, and of rows of panels */
#define BOARD_SIGN_SIZE 17.0
#define BOARD_AXIS_NAME 20.0 /* room for the name of an axis */

/* A column of panels; its drawing is that of its first panel. */
struct board_place {
    const struct drawing *drawing;
    size_t column_factor; /* features or keys a cell stands for */
    double cell;          /* its width */
    double width, height; /* of a panel */
    double signs;         /* room for the signs before it */
    double labels;        /* room for the labels of rows, and the name of their axis */
    double titles;        /* the widest title */
    double left, right;   /* what stands out on both sides: labels, or a title */
    double x;             /* of its panels */
    bool has_rows;        /* rows have labels: they are not those of the column before */
    struct axis rows, columns;
    struct values values;
};

struct board_scale {
    const struct drawing *drawing; /* the first */
    struct extent extent;
    struct scale scale;
    struct color palette[FIGURE_PALETTE];
    double from, to; /* of its panels, and then of its bar */
    struct tick ticks[SCALE_TICKS];
    size_t tick_count;
};

/* How much a board leaves out where a width was asked for that it is too large for: nothing; names of axes, and room beside
 * signs; also second lines of titles, and all labels of rows but the first. */
enum board_room { ROOM_AMPLE, ROOM_LITTLE, ROOM_LEAST, ROOM_COUNT };

/* A board in the making. */
struct board_plan {
    const struct board *board;
    struct font *font;
    struct error *error;
    enum board_room room;
    double least;      /* of the cells */
    double cell;       /* the height of all cells, and the width of square ones */
    size_t row_factor; /* of all rows, and of the columns of square cells */
    struct board_place places[BOARD_COLUMNS];
    struct board_scale scales[BOARD_SCALES];
    struct pooled *panels; /* rows×across; owned, with their numbers */
    double title_room;     /* above panels */
    double row_title_room;
    double reach; /* of the labels and names below the lowest panels */
    double width; /* of the figure */
};

static inline bool board_has_names(const struct board_plan *plan)
{
    return plan->room == ROOM_AMPLE;
}
static inline bool board_has_subtitles(const struct board_plan *plan)
{
    return plan->room != ROOM_LEAST;
}

/* Sets everything up to the width of the figure; `board`, `font` and `error` are set. Freed by board_plan_free, also on
 * failure. */
bool board_plan_make(struct board_plan *plan);
void board_plan_free(struct board_plan *plan);

/* Chooses the cells, and with them the size of all panels and the width of the figure; pooled where there is no room.
 * Errors: ERROR_USAGE where they cannot be had; no memory. */
bool board_choose_cell(struct board_plan *plan);
/* The height of the tallest panel, which all rows have. */
double board_row_height(const struct board_plan *plan);
/* The axis of one side of a column's panels, to be planned. */
struct axis board_axis(const struct board_plan *plan, const struct board_place *place, bool of_columns,
                       double cell);

/* The length and the ticks of each scale's bar, none meeting the next; widens the figure where they need it. */
bool board_bars_plan(struct board_plan *plan);
/* Draws the bar of a scale; *bottom becomes where it ends. */
bool board_bar_draw(const struct board_plan *plan, size_t scale, struct figure *figure, double y,
                    double *bottom);
/* The colours that are on no bar, beneath all bars. */
/* The cells of a panel that dropout made 0; NULL: none is shown so. */
const uint8_t *board_dropped(const struct board_plan *plan, size_t panel);
bool board_legend_draw(const struct board_plan *plan, struct figure *figure, double *bottom);

#endif
