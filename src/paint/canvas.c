#include "paint/canvas.h"

#include <math.h>
#include <string.h>

#include "paint/pixel_grid.h"

static int clamp_pixel(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static void canvas_fill(const struct canvas *canvas, int left, int top, int right, int bottom,
                        struct color color)
{
    if (left >= right || top >= bottom)
        return;
    size_t stride = canvas->stride, length = (size_t)(right - left) * 3;
    uint8_t *first = canvas->pixels + (size_t)top * stride + (size_t)left * 3;
    for (size_t i = 0; i < length; i += 3) {
        first[i] = color.r;
        first[i + 1] = color.g;
        first[i + 2] = color.b;
    }
    for (int y = top + 1; y < bottom; y++)
        memcpy(first + (size_t)(y - top) * stride, first, length);
}

/* What of a box lies on the canvas. */
static struct pixel_box clip(const struct canvas *canvas, struct pixel_box box)
{
    return (struct pixel_box){
        clamp_pixel(box.left, 0, canvas->width), clamp_pixel(box.top, 0, canvas->height),
        clamp_pixel(box.right, 0, canvas->width), clamp_pixel(box.bottom, 0, canvas->height)};
}

void canvas_rect(const struct canvas *canvas, const struct figure_item *item)
{
    struct pixel_box box = pixel_box_of(item);
    int left = clamp_pixel(box.left, 0, canvas->width - 1), top = clamp_pixel(box.top, 0, canvas->height - 1);
    canvas_fill(canvas, left, top, clamp_pixel(box.right, left + 1, canvas->width),
                clamp_pixel(box.bottom, top + 1, canvas->height), item->color);
}

void canvas_ramp(const struct canvas *canvas, const struct figure_item *item, const struct figure *figure)
{
    const struct pixel_box box = pixel_box_of(item), seen = clip(canvas, box);
    for (int y = seen.top; y < seen.bottom; y++)
        canvas_fill(canvas, seen.left, y, seen.right, y + 1, pixel_ramp_color(figure, item, box, y));
}

/* Row by row: the first line of pixels of a row of cells is filled in, the others are copies of it. */
bool canvas_matrix(const struct canvas *canvas, const struct figure_item *item, const struct figure *figure,
                   struct error *error)
{
    const uint16_t *cells = figure->cells + item->matrix.cells;
    const size_t rows = item->matrix.rows, columns = item->matrix.columns, stride = canvas->stride;
    const int gap = (int)round((double)item->matrix.gap);
    struct pixel_edges edges = {0};
    const bool ok = pixel_edges_find(&edges, item, error);
    for (size_t i = 0; ok && i < rows; i++) {
        const int top = clamp_pixel(edges.y[i], 0, canvas->height);
        const int bottom = clamp_pixel(edges.y[i + 1] - (i + 1 < rows ? gap : 0), top, canvas->height);
        const int begin = clamp_pixel(edges.x[0], 0, canvas->width),
                  end = clamp_pixel(edges.x[columns], begin, canvas->width);
        if (top == bottom)
            continue;
        uint8_t *line = canvas->pixels + (size_t)top * stride;
        for (size_t j = 0; j < columns; j++) {
            struct color color = figure->palette[item->colors + cells[i * columns + j]];
            const int edge = clamp_pixel(edges.x[j + 1] - (j + 1 < columns ? gap : 0), 0, canvas->width);
            for (int x = clamp_pixel(edges.x[j], 0, canvas->width); x < edge; x++)
                memcpy(line + 3 * x, &color, 3);
        }
        for (int y = top + 1; y < bottom; y++)
            memcpy(canvas->pixels + (size_t)y * stride + (size_t)begin * 3, line + (size_t)begin * 3,
                   (size_t)(end - begin) * 3);
    }
    pixel_edges_free(&edges);
    return ok;
}

/* The image at the size it is shown, and pale where it lies beneath cells; the one that was painted last is kept. */
static bool scale_image(struct canvas *canvas, const struct image *image, bool is_pale, size_t width,
                        size_t height, struct error *error)
{
    struct image *scaled = &canvas->scaled;
    if (canvas->image == image && canvas->is_pale == is_pale && scaled->width == width &&
        scaled->height == height)
        return true;
    image_free(scaled);
    canvas->image = NULL;
    if (!image_scale(scaled, image, width, height, error))
        return false;
    canvas->image = image;
    canvas->is_pale = is_pale;
    for (size_t i = 0; is_pale && i < width * height; i++)
        figure_pale(scaled->pixels + 3 * i);
    return true;
}

static double share(double value)
{
    return value < 0 ? 0 : value > 1 ? 1 : value;
}

/* How much of a pixel, whose middle lies there, a line covers: by how far it lies within the line's sides and its ends. */
static double line_share(double along, double across, double length, double thick)
{
    const double sides = fmin(share(across + thick / 2 + 0.5), share(thick / 2 - across + 0.5));
    return sides * share(along + 0.5) * share(length - along + 0.5);
}

/* Pixel by pixel in the direction in which the line is longer; across it those that it reaches. */
void canvas_line(const struct canvas *canvas, const struct figure_item *item)
{
    const double dx = (double)item->width, dy = (double)item->height, length = hypot(dx, dy);
    const double thick = fmax((double)item->line.thick, 1);
    if (length <= 0)
        return;
    const bool is_flat = fabs(dx) >= fabs(dy);
    const double x = dx / length, y = dy / length, begin = (double)(is_flat ? item->x : item->y),
                 other = (double)(is_flat ? item->y : item->x), by = is_flat ? dx : dy,
                 slope = is_flat ? dy / dx : dx / dy, reach = (thick / 2 + 0.5) / fmax(fabs(x), fabs(y));
    const int most = is_flat ? canvas->width : canvas->height;
    const int first = clamp_pixel((int)floor(fmin(begin, begin + by) - thick), 0, most),
              last = clamp_pixel((int)ceil(fmax(begin, begin + by) + thick), 0, most);
    for (int i = first; i < last; i++) {
        const double middle = other + (i + 0.5 - begin) * slope;
        for (int j = (int)floor(middle - reach); j < middle + reach; j++) {
            const int column = is_flat ? i : j, row = is_flat ? j : i;
            const double from_x = column + 0.5 - (double)item->x, from_y = row + 0.5 - (double)item->y;
            const double covered =
                line_share(from_x * x + from_y * y, from_y * x - from_x * y, length, thick);
            const unsigned coverage = (unsigned)(covered * item->line.opacity + 0.5);
            if (coverage > 0)
                canvas_blend(canvas, column, row, item->color, coverage);
        }
    }
}

bool canvas_image(struct canvas *canvas, const struct figure_item *item, struct error *error)
{
    const struct pixel_box box = pixel_box_of(item), seen = clip(canvas, box);
    if (seen.left >= seen.right || seen.top >= seen.bottom)
        return true;
    const size_t width = (size_t)(box.right - box.left);
    if (!scale_image(canvas, item->image.pixels, item->image.is_pale, width, (size_t)(box.bottom - box.top),
                     error))
        return false;
    for (int y = seen.top; y < seen.bottom; y++)
        memcpy(canvas->pixels + (size_t)y * canvas->stride + (size_t)seen.left * 3,
               canvas->scaled.pixels + ((size_t)(y - box.top) * width + (size_t)(seen.left - box.left)) * 3,
               (size_t)(seen.right - seen.left) * 3);
    return true;
}

bool canvas_veil(const struct canvas *canvas, const struct figure_item *item, const struct figure *figure,
                 struct error *error)
{
    const uint16_t *cells = figure->cells + item->matrix.cells;
    const size_t rows = item->matrix.rows, columns = item->matrix.columns;
    struct pixel_edges edges = {0};
    const bool ok = pixel_edges_find(&edges, item, error);
    for (size_t i = 0; ok && i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            const uint16_t cell = cells[i * columns + j];
            const struct pixel_box seen =
                clip(canvas, (struct pixel_box){edges.x[j], edges.y[i], edges.x[j + 1], edges.y[i + 1]});
            for (int y = seen.top; y < seen.bottom; y++)
                for (int x = seen.left; x < seen.right; x++)
                    canvas_blend(canvas, x, y, figure->palette[item->colors + cell],
                                 figure_veil_coverage(cell));
        }
    pixel_edges_free(&edges);
    return ok;
}
