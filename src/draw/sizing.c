/* How large cells are, and when they are pooled. */
#include <math.h>

#include "draw/layout_parts.h"

#define CELL_LARGEST 56.0
#define SIDE_SHORTEST 56.0 /* a matrix of few rows or columns is made at least this wide or high */

/* How long the longer side of a matrix of `count` cells should be: few cells are large, many take more room.
 */
static double side_wanted(double count)
{
    return fmin(1024, fmax(8, count) * 8 + 384);
}

/* Cell and factor for the side that needs more of its room. */
static double cell_choose(size_t count, double room, double least, size_t fixed, size_t *factor)
{
    double n = (double)count;
    double cell = fixed > 0 ? (double)fixed : fmin(floor(fmin(side_wanted(n), room) / n), CELL_LARGEST);
    *factor = 1;
    cell = fmax(cell, fmax(least, 1));
    if (cell * n > room) {
        *factor = (size_t)ceil(n / fmax(floor(room / cell), 1));
        if (fixed == 0 && least <= 1)
            cell = fmax(1, floor(room / (double)pool_count(count, *factor)));
    }
    return cell;
}

/* The other side has the same cells, unless it would become a sliver. */
static double cell_across(size_t count, double cell, size_t fixed, size_t *factor)
{
    if ((double)pool_count(count, *factor) * cell >= SIDE_SHORTEST)
        return cell;
    double fewer = fmax(floor((double)count * cell / SIDE_SHORTEST), 1);
    if (fewer < (double)*factor)
        *factor = (size_t)fewer;
    double shown = (double)pool_count(count, *factor);
    return fixed > 0 ? cell : fmax(cell, floor(SIDE_SHORTEST / shown));
}

struct sizing sizing_choose(const struct drawing *drawing, double room, double room_below, double least)
{
    struct sizing sizing;
    size_t fixed = drawing->style.cell, factor;
    bool rows_rule = (double)drawing->rows / room_below > (double)drawing->columns / room;
    if (isinf(room) && isinf(room_below))
        rows_rule = drawing->rows > drawing->columns;
    double cell = rows_rule ? cell_choose(drawing->rows, room_below, least, fixed, &factor)
                            : cell_choose(drawing->columns, room, least, fixed, &factor);
    size_t other_factor = factor;
    double other = cell_across(rows_rule ? drawing->columns : drawing->rows, cell, fixed, &other_factor);

    /* Whole pixels also after dpi_scale. */
    double scale = drawing->style.dpi_scale;
    cell = fmax(round(cell * scale), 1) / scale;
    other = fmax(round(other * scale), 1) / scale;
    sizing.cell_width = rows_rule ? other : cell;
    sizing.cell_height = rows_rule ? cell : other;
    sizing.row_factor = rows_rule ? factor : other_factor;
    sizing.column_factor = rows_rule ? other_factor : factor;
    return sizing;
}
