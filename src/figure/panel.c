/* One matrix with its frame, its title and the numbers in its cells. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "figure/label.h"
#include "figure/layout_parts.h"

#define SMALL_LEAST 0.000095
#define VALUE_LARGEST 13.0
#define VALUE_SMALLEST 8.0 /* of numbers that nobody asked for */
#define VALUE_LEAST 6.0    /* of numbers that were asked for */
#define WHOLE_BELOW 1e5    /* whole numbers may be written so */
#define MARGIN 0.2         /* of a cell, beside a number that nobody asked for */
#define MARK_FROM 12.0     /* cells of this size have a thick outline */
#define GAP_FROM 20.0      /* cells of this size are parted by a white line */

/* Whether a number is whole but for the rounding of a few sums in float32. */
static bool is_nearly_whole(double value)
{
    const double whole = rint(value);
    return value == 0 || (whole != 0 && fabs(value - whole) <= 4 * (double)FLT_EPSILON * fabs(whole));
}

static void cell_text(char text[NUMBER_TEXT], double value, int decimals)
{
    if (isnan(value))
        snprintf(text, NUMBER_TEXT, "NaN");
    else
        number_text(text, value, value == 0 || (decimals > 0 && is_nearly_whole(value)) ? 0 : decimals);
}

/* Two significant digits of a number near 0: ".0031", or "3.1e-5" where that would be longer. */
static void small_text(char text[NUMBER_TEXT], double value)
{
    if (fabs(value) < SMALL_LEAST) {
        number_text(text, value, -2);
        return;
    }
    number_text(text, value, 1 - (int)floor(log10(fabs(value))));
    char *zero = strstr(text, "0.");
    memmove(zero, zero + 1, strlen(zero));
}

static bool is_small(const struct values *values, double value)
{
    return value != 0 && fabs(value) < values->least;
}

/* Below this a number with `decimals` has fewer than two digits that say something; on a log scale one below 0.1 has. */
static double values_least(const struct drawing *drawing, int decimals)
{
    if (decimals < 0)
        return 0;
    const double zero = 0.5 * pow(10, -decimals);
    return drawing->style.scale == COLOR_LOG ? fmax(zero, 0.0995) : zero;
}

static int value_decimals(const struct drawing *drawing, const struct extent *extent)
{
    double most = fmax(fabs((double)extent->low), fabs((double)extent->high));
    if (extent->is_whole && most < WHOLE_BELOW)
        return 0;
    if (!extent->any || (drawing->is_weight && most >= 0.05))
        return 2;
    if (most >= 1e5 || most < 1e-3)
        return -3;
    return most >= 100 ? 0 : most >= 10 ? 1 : most >= 0.1 ? 2 : most >= 0.01 ? 3 : 4;
}

/* How wide the widest number is, in ems. The ends of the extent may be whole, and what lies between them not. */
static double values_width(const struct extent *extent, int decimals, struct font *font, struct error *error)
{
    double widest = 0;
    char text[NUMBER_TEXT];
    const double samples[] = {extent->low, extent->high, extent->has_nan ? NAN : 0.01};
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        if (isnan(samples[i]))
            cell_text(text, samples[i], decimals);
        else
            number_text(text, samples[i], decimals);
        widest = fmax(widest, typeset_width(font, text, 100, error) / 100);
    }
    if (decimals < 0)
        widest = fmax(widest, typeset_width(font, "\u22128.88e-38", 100, error) / 100);
    return widest;
}

struct values values_plan(const struct drawing *drawing, const struct extent *extent, double cell_width,
                          double cell_height, struct font *font, struct error *error)
{
    struct values values = {.decimals = value_decimals(drawing, extent)};
    values.least = values_least(drawing, values.decimals);
    if (drawing->style.annotate == ANNOTATE_OFF || cell_width < VALUE_LEAST)
        return values;
    bool asked = drawing->style.annotate == ANNOTATE_ON;
    double room = cell_width - (asked ? 2 : fmax(5, cell_width * MARGIN));
    double size = fmin(fmin(VALUE_LARGEST, cell_height * (asked ? 0.7 : 0.5)),
                       room / values_width(extent, values.decimals, font, error));
    if (size >= (asked ? VALUE_LEAST : VALUE_SMALLEST) - 1e-9)
        values.size = size;
    return values;
}

double values_cell(const struct drawing *drawing, const struct extent *extent, struct font *font,
                   struct error *error)
{
    return ceil(VALUE_LEAST * values_width(extent, value_decimals(drawing, extent), font, error) + 2);
}

/* White between cells. */
static double panel_gap(const struct panel *panel)
{
    return !panel->image && panel->cell_width >= GAP_FROM && panel->cell_height >= GAP_FROM ? 1 : 0;
}

bool frame_draw(struct figure *figure, double x, double y, double width, double height, struct error *error)
{
    return figure_rect(figure, x - 1, y - 1, width + 2, 1, layout_line, error) &&
           figure_rect(figure, x - 1, y + height, width + 2, 1, layout_line, error) &&
           figure_rect(figure, x - 1, y, 1, height, layout_line, error) &&
           figure_rect(figure, x + width, y, 1, height, layout_line, error);
}

/* The edges of a rectangle, `thick` wide, inside it. */
static bool edges_draw(struct figure *figure, double x, double y, double width, double height, double thick,
                       struct color color, struct error *error)
{
    return figure_rect(figure, x, y, width, thick, color, error) &&
           figure_rect(figure, x, y + height - thick, width, thick, color, error) &&
           figure_rect(figure, x, y, thick, height, color, error) &&
           figure_rect(figure, x + width - thick, y, thick, height, color, error);
}

/* The outline of a cell: dark around white, so that it stands out from any colour. */
static bool mark_draw(const struct panel *panel, struct figure *figure, double x, double y,
                      struct error *error)
{
    static const struct color dark = {0, 0, 0}, light = {255, 255, 255};
    double gap = panel_gap(panel), thick = panel->cell_width >= MARK_FROM ? 2 : 1;
    double left = x + floor((double)panel->mark_column * panel->cell_width) - 1;
    double top = y + floor((double)panel->mark_row * panel->cell_height) - 1;
    double width = ceil(panel->cell_width) - gap + 2, height = ceil(panel->cell_height) - gap + 2;
    return edges_draw(figure, left, top, width, height, 1, dark, error) &&
           edges_draw(figure, left + 1, top + 1, width - 2, height - 2, thick, light, error) &&
           (thick < 2 || edges_draw(figure, left + 3, top + 3, width - 6, height - 6, 1, dark, error));
}

static uint16_t cell_index(const struct panel *panel, size_t cell)
{
    if (panel->pooled->masked && panel->pooled->masked[cell])
        return FIGURE_MASKED;
    float value = panel->pooled->values[cell];
    if (isnan(value))
        return FIGURE_NAN;
    double place = scale_position(panel->scale, (double)value) * FIGURE_COLORS;
    return place < FIGURE_COLORS ? (uint16_t)place : FIGURE_COLORS - 1;
}

/* *fit: whether all small numbers fit their cells. One of 7e-8 among others of 0.00 would look the largest of them. */
static bool small_fit(const struct panel *panel, struct font *font, bool *fit, struct error *error)
{
    const struct pooled *pooled = panel->pooled;
    *fit = true;
    for (size_t cell = 0; *fit && cell < pooled->rows * pooled->columns; cell++) {
        const double value = (double)pooled->values[cell];
        char text[NUMBER_TEXT];
        if (!is_small(&panel->values, value) || cell_index(panel, cell) == FIGURE_MASKED)
            continue;
        small_text(text, value);
        *fit = typeset_width(font, text, panel->values.size, error) <= panel->cell_width - 2;
    }
    return error->kind == ERROR_NONE;
}

static bool values_draw(const struct panel *panel, struct figure *figure, size_t cells, double x, double y,
                        struct font *font, struct error *error)
{
    static const struct color dark = {0x1a, 0x1a, 0x1a}, light = {255, 255, 255};
    const struct pooled *pooled = panel->pooled;
    double gap = panel_gap(panel);
    bool fit;
    if (!small_fit(panel, font, &fit, error))
        return false;
    for (size_t i = 0; i < pooled->rows; i++)
        for (size_t j = 0; j < pooled->columns; j++) {
            size_t cell = i * pooled->columns + j;
            const double value = (double)pooled->values[cell];
            uint16_t index = figure->cells[cells + cell];
            if (index == FIGURE_MASKED)
                continue;
            char text[NUMBER_TEXT];
            if (fit && is_small(&panel->values, value))
                small_text(text, value);
            else
                cell_text(text, value, panel->values.decimals);
            bool on_light = color_is_light(figure->palette[index]);
            if (!figure_text(figure, x + ((double)j + 0.5) * panel->cell_width - gap / 2,
                             y + ((double)i + 0.5) * panel->cell_height - gap / 2 +
                                 LAYOUT_CAP * panel->values.size,
                             panel->values.size, ANCHOR_MIDDLE, false, on_light ? dark : light, text, error))
                return false;
        }
    return true;
}

bool panel_draw(const struct panel *panel, struct figure *figure, double x, double y, struct font *font,
                struct error *error)
{
    const struct pooled *pooled = panel->pooled;
    double width = (double)pooled->columns * panel->cell_width;
    double height = (double)pooled->rows * panel->cell_height;
    if (panel->title && panel->title[0] && panel->title_size > 0) {
        char shown[LABEL_SIZE];
        if (!label_show(shown, panel->title, false, font, panel->title_size, panel->title_room, error) ||
            !figure_text(figure, x + width / 2, y - 7, panel->title_size, ANCHOR_MIDDLE, false, layout_ink,
                         shown, error))
            return false;
    }
    if (!frame_draw(figure, x, y, width, height, error))
        return false;
    if (panel->image && !figure_image(figure, x, y, width, height, panel->image, !panel->is_image, error))
        return false;
    if (panel->is_image)
        return true;
    double gap = panel_gap(panel);
    size_t cells = figure->cell_count;
    uint16_t *indexes = figure_matrix(figure, x, y, width, height, pooled->rows, pooled->columns, gap,
                                      panel->image != NULL, error);
    if (!indexes)
        return false;
    for (size_t i = 0; i < pooled->rows * pooled->columns; i++)
        indexes[i] = cell_index(panel, i);
    if (panel->values.size > 0 && !values_draw(panel, figure, cells, x, y, font, error))
        return false;
    return !panel->has_mark || mark_draw(panel, figure, x, y, error);
}
