/* Figures of a given size: panels as large as fit a page, in the middle of it. */
#include <math.h>
#include <stdlib.h>

#include "figure/layout_parts.h"

#define ABOVE 96.0 /* what titles, labels and edges are expected to take of the height */
#define ATTEMPTS 8

/* Begins again, without what was planned and drawn. */
static void page_restart(struct layout *layout, const struct layout *from)
{
    free(layout->shape.values);
    free(layout->shape.masked);
    figure_free(layout->figure);
    *layout = *from;
}

/* Moves everything to the middle of the page, by whole pixels after dpi_scale. */
static void page_centre(struct figure *figure, double width, double height, double scale)
{
    const double x = floor((width - (double)figure->width) / 2 * scale) / scale;
    const double y = floor((height - (double)figure->height) / 2 * scale) / scale;
    for (size_t i = 0; i < figure->count; i++) {
        figure->items[i].x += (float)x;
        figure->items[i].y += (float)y;
    }
    figure->width = (float)width;
    figure->height = (float)height;
}

/* What stands above and below the panels is known only once they are drawn, so further attempts follow, as in
 * layout_plan: with what the last one has shown of the room there is. */
bool layout_page(struct layout *layout)
{
    const struct drawing *whole = layout->drawing;
    struct drawing drawing = *whole;
    struct drawing_style *style = &drawing.style;
    const double width = (double)style->page[0] / style->dpi_scale;
    const double height = (double)style->page[1] / style->dpi_scale;
    style->width = (size_t)fmax(floor(width), 1);
    struct layout next = *layout;
    next.drawing = &drawing;
    next.above = ABOVE;
    for (int number = 0; number < ATTEMPTS; number++) {
        page_restart(layout, &next);
        const bool done = layout_plan(layout) && layout_draw(layout);
        layout->drawing = whole;
        if (!done)
            return false;
        const double down = (double)layout->down, excess = (double)layout->figure->height - height;
        const double panels = down * layout->panel_height + (down - 1) * (layout->gap + layout->title_room);
        if (excess <= 0 && (number > 0 || (double)layout->figure->height - panels >= next.above)) {
            page_centre(layout->figure, width, height, style->dpi_scale);
            return true;
        }
        next.above = fmax((double)layout->figure->height - panels, excess > 0 ? next.above + excess : 0);
    }
    return error_set(layout->error, ERROR_USAGE,
                     "title, labels and colour bar leave no room for the matrices in %zu times %zu pixels",
                     style->page[0], style->page[1]);
}
