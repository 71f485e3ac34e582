#include "paint/pixel_grid.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* Figures are at most 32767 pixels high and wide; this is far beyond, and no overflow. */
#define FAR 1e8

/* Halves always go to the same side, so that a shape that is moved by whole pixels keeps its size. */
static int nearest_pixel(double place)
{
    return (int)floor(fmin(fmax(place, -FAR), FAR) + 0.5);
}

struct pixel_box pixel_box_of(const struct figure_item *item)
{
    const int least = item->kind == FIGURE_RECT;
    struct pixel_box box = {nearest_pixel((double)item->x), nearest_pixel((double)item->y),
                            nearest_pixel((double)(item->x + item->width)),
                            nearest_pixel((double)(item->y + item->height))};
    box.right = box.right > box.left + least ? box.right : box.left + least;
    box.bottom = box.bottom > box.top + least ? box.bottom : box.top + least;
    return box;
}

static int *edges_of(double begin, double length, size_t count, struct error *error)
{
    int *edges = memory_alloc(count + 1, sizeof *edges, error);
    const double cell = length / (double)count;
    for (size_t i = 0; edges && i <= count; i++)
        edges[i] = nearest_pixel(begin + (double)i * cell);
    return edges;
}

bool pixel_edges_find(struct pixel_edges *edges, const struct figure_item *item, struct error *error)
{
    edges->x = edges_of((double)item->x, (double)item->width, item->matrix.columns, error);
    edges->y = edges->x ? edges_of((double)item->y, (double)item->height, item->matrix.rows, error) : NULL;
    return edges->y;
}

void pixel_edges_free(struct pixel_edges *edges)
{
    free(edges->x);
    free(edges->y);
    *edges = (struct pixel_edges){0};
}

/* Every other colour of the map: each is near its place, and a palette has room for more. */
size_t pixel_ramp_shown(size_t index)
{
    return index | 1;
}

struct color pixel_ramp_color(const struct figure *figure, const struct figure_item *item,
                              struct pixel_box box, int y)
{
    const double place = (box.bottom - 1 - y + 0.5) / (box.bottom - box.top);
    return figure->palette[item->colors + pixel_ramp_shown((size_t)(place * FIGURE_COLORS))];
}
