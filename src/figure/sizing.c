/* How large cells are, and when they are pooled. */
#include <math.h>

#include "figure/image.h"
#include "figure/layout_parts.h"

#define SQUARE_ENOUGH 1.1
#define SIDE_SHORTEST 56.0 /* a matrix of few rows beside its columns is made at least this high, or wide */

/* The length of the longer side of a matrix of `count` cells: few cells are large, many take more room. */
static double side_wanted(double count)
{
    return fmin(1024, fmax(8, count) * 8 + 384);
}

double sizing_whole(double length, double dpi_scale)
{
    return fmax(floor(length * dpi_scale + 1e-6), 1) / dpi_scale;
}

/* Cell and factor for the side that needs more of its room. */
static double cell_choose(size_t count, double room, double least, const struct drawing_style *style,
                          size_t *factor)
{
    double n = (double)count, scale = style->dpi_scale;
    double asked = style->cell > 0 ? (double)style->cell : least;
    double wanted =
        style->page[0] > 0 ? floor(room / n) : fmin(floor(fmin(side_wanted(n), room) / n), SIZING_LARGEST);
    double cell = sizing_whole(wanted, scale);
    if (style->cell > 0 || asked > cell)
        cell = ceil(asked * scale - 1e-6) / scale;
    *factor = 1;
    if (cell * n > room) {
        *factor = (size_t)ceil(n / fmax(floor(room / cell), 1));
        if (style->page[0] > 0) /* not in whole pixels: the panel is to be as large as fits */
            cell = sizing_whole(room, scale) / (double)pool_count(count, *factor);
        else if (asked <= 0)
            cell = sizing_whole(floor(room / (double)pool_count(count, *factor)), scale);
    }
    return cell;
}

/* The other side has the same cells, unless it would become a sliver. */
static double cell_across(size_t count, double cell, double shortest, const struct drawing_style *style,
                          size_t *factor)
{
    if ((double)pool_count(count, *factor) * cell >= shortest)
        return cell;
    double fewer = fmax(floor((double)count * cell / shortest), 1);
    if (fewer < (double)*factor)
        *factor = (size_t)fewer;
    double shown = (double)pool_count(count, *factor);
    return style->cell > 0 ? cell : fmax(cell, sizing_whole(floor(shortest / shown), style->dpi_scale));
}

/* The image keeps its own shape, and the cells with it, if they stay within a tenth of squares: then a side
 * becomes a little shorter, in whole pixels. */
static struct sizing sizing_fit(struct sizing sizing, const struct drawing *drawing)
{
    const struct image *image = drawing->image;
    double rows = (double)pool_count(drawing->rows, sizing.row_factor), scale = drawing->style.dpi_scale;
    double columns = (double)pool_count(drawing->columns, sizing.column_factor);
    double width = columns * sizing.cell_width, height = rows * sizing.cell_height;
    double wanted = (double)image->width / (double)image->height;
    double change = wanted * height / width;
    if (change < 1 / SQUARE_ENOUGH || change > SQUARE_ENOUGH)
        return sizing;
    if (change < 1)
        sizing.cell_width = fmax(round(height * wanted * scale), 1) / scale / columns;
    else
        sizing.cell_height = fmax(round(width / wanted * scale), 1) / scale / rows;
    return sizing;
}

struct sizing sizing_choose(const struct drawing *drawing, double room, double room_below, double least)
{
    const struct drawing_style *style = &drawing->style;
    bool rows_rule = (double)drawing->rows / room_below > (double)drawing->columns / room;
    if (isinf(room) && isinf(room_below))
        rows_rule = drawing->rows > drawing->columns;
    size_t count = rows_rule ? drawing->rows : drawing->columns, factor;
    double cell = cell_choose(count, rows_rule ? room_below : room, least, style, &factor);

    double length = (double)pool_count(count, factor) * cell;
    double shortest = fmin(fmin(SIDE_SHORTEST, length / 8), rows_rule ? room : room_below);
    size_t other_factor = factor;
    double other =
        cell_across(rows_rule ? drawing->columns : drawing->rows, cell, shortest, style, &other_factor);
    struct sizing sizing = rows_rule ? (struct sizing){other, cell, factor, other_factor}
                                     : (struct sizing){cell, other, other_factor, factor};
    return drawing->image ? sizing_fit(sizing, drawing) : sizing;
}
