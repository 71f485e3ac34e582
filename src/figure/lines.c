#include "figure/lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "figure/colormap.h"
#include "figure/label.h"
#include "figure/layout_parts.h"
#include "figure/range.h"

#define TITLE_SIZE 16.0
#define TITLE_LINE 22.0
#define PANEL_TITLE 12.0
#define LABEL_LARGEST 13.0
#define LABEL_LONGEST 170.0
#define ROW 21.0         /* a label with its room */
#define ROW_SMALLEST 8.0 /* that can be read */
#define ENDS_SHARE 0.66  /* the part of a row that the ends of its lines take */
#define LABEL_GAP 7.0    /* between a label and the lines */
#define PANELS_GAP 28.0
#define FIGURE_WIDEST 1240.0 /* where nobody says */
#define STRIP 9.0            /* the weight of a lit row on a column */
#define UNLIT 0.1            /* what is left of the opacity of other rows, of one map alone */
#define LEGEND_LINE 18.0
#define LEGEND_SAMPLE 26.0

enum { FAINTEST = 2 }; /* opacity of a line, of 255 */

/* Of the maps of a panel. The first nine are told apart by most who see fewer hues. */
static const struct color map_colors[LINES_MAPS_MOST] = {
    {0x00, 0x72, 0xb2}, {0xd5, 0x5e, 0x00}, {0x00, 0x9e, 0x73}, {0xaa, 0x44, 0x99},
    {0xe6, 0x9f, 0x00}, {0x33, 0x22, 0x88}, {0x56, 0xb4, 0xe9}, {0x88, 0x22, 0x55},
    {0x99, 0x99, 0x33}, {0xcc, 0x66, 0x77}, {0x11, 0x77, 0x33}, {0x44, 0x44, 0x44}};

struct lines {
    const struct drawing *drawing;
    struct figure *figure;
    struct font *font;
    struct error *error;
    size_t maps, panels, across; /* maps of a panel; panels; those side by side */
    float *values;               /* of all maps; owned, as is masked */
    uint8_t *masked;
    struct scale scale;
    struct extent extent;
    struct color nan;            /* of what is NaN, as cells have it */
    double row, size;            /* height of a row; of its label */
    double left, middle, strips; /* width of the row labels, of the lines, of the weights of a lit row */
    double number;               /* width of these as numbers; 0: there are none */
    double panel_width, panel_height, panel_title;
    double legend;
};

/* ---- sizes ---- */

static const char *label_of(const struct lines *lines, bool is_column, size_t i, char number[NUMBER_TEXT])
{
    const struct drawing *drawing = lines->drawing;
    const char *const *labels = is_column ? drawing->column_labels : drawing->row_labels;
    if (labels)
        return labels[i];
    snprintf(number, NUMBER_TEXT, "%zu", i + (is_column ? drawing->column_first : drawing->row_first));
    return number;
}

/* The width of the labels of one side, and of its name above them. */
static double widest_label(const struct lines *lines, bool is_column)
{
    const size_t count = is_column ? lines->drawing->columns : lines->drawing->rows;
    const char *name = is_column ? lines->drawing->column_axis : lines->drawing->row_axis;
    double widest = name ? typeset_width(lines->font, name, LAYOUT_NAME_SIZE, lines->error) : 0;
    for (size_t i = 0; i < count && lines->error->kind == ERROR_NONE; i++) {
        char number[NUMBER_TEXT], shown[LABEL_SIZE];
        if (label_show(shown, label_of(lines, is_column, i, number), true, lines->font, lines->size,
                       LABEL_LONGEST, lines->error))
            widest = fmax(widest, typeset_width(lines->font, shown, lines->size, lines->error));
    }
    return ceil(widest);
}

static const char *map_name(const struct lines *lines, size_t map)
{
    const struct drawing *drawing = lines->drawing;
    const char *name = drawing->column_titles ? drawing->column_titles[map] : drawing->maps[map].title;
    return name ? name : "";
}

static const char *panel_name(const struct lines *lines, size_t panel)
{
    const struct drawing *drawing = lines->drawing;
    if (lines->panels == 1)
        return "";
    const char *name =
        drawing->row_titles ? drawing->row_titles[panel] : drawing->maps[panel * lines->maps].title;
    return name ? name : "";
}

static double legend_width(const struct lines *lines)
{
    double widest = typeset_width(lines->font, "0.00", LAYOUT_SMALL_SIZE, lines->error);
    for (size_t i = 0; lines->maps > 1 && i < lines->maps; i++)
        widest =
            fmax(widest, typeset_width(lines->font, map_name(lines, i), LAYOUT_SMALL_SIZE, lines->error));
    return ceil(fmax(LEGEND_SAMPLE + 6 + fmin(widest, LABEL_LONGEST),
                     typeset_width(lines->font, lines->drawing->measure, LAYOUT_SMALL_SIZE, lines->error)));
}

static bool lines_check(struct lines *lines)
{
    const struct drawing *drawing = lines->drawing;
    const bool rows = drawing->rows > LINES_MOST;
    if (rows || drawing->columns > LINES_MOST)
        return error_set(lines->error, ERROR_USAGE,
                         "lines are between at most %d tokens, and here are %zu %s", LINES_MOST,
                         rows ? drawing->rows : drawing->columns, rows ? "queries" : "keys");
    if (lines->maps > LINES_MAPS_MOST)
        return error_set(lines->error, ERROR_USAGE,
                         "at most %d heads have lines of their own colour, and here are %zu", LINES_MAPS_MOST,
                         lines->maps);
    return !drawing->is_signed ||
           error_set(lines->error, ERROR_USAGE, "weights that may be negative cannot be lines");
}

/* The values of all maps as they are, and the scale that they have in common. */
static bool lines_scale(struct lines *lines)
{
    const struct drawing *drawing = lines->drawing;
    const size_t cells = drawing->rows * drawing->columns;
    lines->values = memory_alloc(cells * drawing->map_count, sizeof *lines->values, lines->error);
    lines->masked = lines->values ? memory_zeroed(cells * drawing->map_count, 1, lines->error) : NULL;
    for (size_t i = 0; lines->masked && i < drawing->map_count; i++) {
        struct pooled map = {drawing->rows, drawing->columns, lines->values + i * cells,
                             lines->masked + i * cells};
        pool_map(&map, &drawing->maps[i], drawing->rows, drawing->columns, 1, 1, POOL_MAX, &lines->extent);
    }
    if (!lines->masked)
        return false;
    if (lines->extent.low < 0)
        return error_set(lines->error, ERROR_USAGE, "weights below 0 cannot be lines, and the lowest is %g",
                         (double)lines->extent.low);
    struct drawing ranged = *drawing;
    const struct cells all = {.shape = {drawing->rows, drawing->columns, lines->values, lines->masked},
                              .count = drawing->map_count,
                              .unit = 1,
                              .keys = drawing->columns};
    struct colormap map;
    if (!colormap_find(&map, colormap_default(COLORMAP_SEQUENTIAL), lines->error))
        return false;
    lines->nan = map.nan;
    return (!range_is_asked(drawing) || range_by_quantile(&all, &ranged, lines->error)) &&
           scale_choose(&lines->scale, &ranged, &lines->extent, lines->error);
}

static bool lines_sizes(struct lines *lines)
{
    const struct drawing *drawing = lines->drawing;
    const size_t most = drawing->rows > drawing->columns ? drawing->rows : drawing->columns;
    const double widest = drawing->style.width > 0 ? (double)drawing->style.width : FIGURE_WIDEST;
    lines->row = drawing->style.cell > 0 ? (double)drawing->style.cell : ROW;
    lines->size = fmin(LABEL_LARGEST, floor(2 * lines->row / 1.35) / 2);
    if (lines->row < ROW_SMALLEST)
        return error_set(lines->error, ERROR_USAGE,
                         "labels have no room in rows of %g pixels: expected %g or more", lines->row,
                         ROW_SMALLEST);
    if (drawing->style.has_lit) {
        lines->strips = ceil(fmin(STRIP * (double)lines->maps, 72)) + LABEL_GAP;
        lines->number = lines->maps > 1 || drawing->style.annotate == ANNOTATE_OFF
                            ? 0
                            : ceil(typeset_width(lines->font, "0.00", lines->size, lines->error)) + LABEL_GAP;
    }
    lines->left = widest_label(lines, false);
    lines->legend = legend_width(lines);
    lines->panel_title = lines->panels > 1 ? 24 : 0;
    lines->panel_height = lines->row * (double)most;
    const double labels =
        lines->left + widest_label(lines, true) + 2 * LABEL_GAP + lines->strips + lines->number;
    const double room = widest - 2 * LAYOUT_PAD - LAYOUT_BAR_GAP - lines->legend;
    lines->middle = ceil(fmin(fmax(lines->panel_height * 0.6, 170), 420));
    lines->across = (size_t)fmax(floor((room + PANELS_GAP) / (labels + lines->middle + PANELS_GAP)), 1);
    lines->across = lines->across < lines->panels ? lines->across : lines->panels;
    if (lines->across == 1 && room < labels + lines->middle)
        lines->middle = room - labels;
    lines->panel_width = labels + lines->middle;
    if (lines->middle < 60)
        return error_set(lines->error, ERROR_USAGE, "labels leave no room for lines in %zu pixels",
                         drawing->style.width);
    return lines->error->kind == ERROR_NONE;
}

/* ---- what is drawn ---- */

static double place_of(const struct lines *lines, size_t map, size_t row, size_t column)
{
    const size_t at = (map * lines->drawing->rows + row) * lines->drawing->columns + column;
    const float value = lines->values[at];
    return lines->masked[at] ? 0 : isnan(value) ? 1 : scale_position(&lines->scale, (double)value);
}

static bool is_nan_pair(const struct lines *lines, size_t map, size_t row, size_t column)
{
    const size_t at = (map * lines->drawing->rows + row) * lines->drawing->columns + column;
    return !lines->masked[at] && isnan(lines->values[at]);
}

static bool is_lit(const struct lines *lines, size_t row)
{
    const struct drawing *drawing = lines->drawing;
    return drawing->style.has_lit && row + drawing->row_first == drawing->style.lit;
}

/* The colour of a map, or of NaN. */
static struct color color_of(const struct lines *lines, size_t panel, size_t map, size_t row, size_t column)
{
    return is_nan_pair(lines, panel * lines->maps + map, row, column) ? lines->nan : map_colors[map];
}

/* How far the ends of the lines of a map of a panel lie from the middle of their row. */
static double end_of(const struct lines *lines, size_t map)
{
    const double all = fmin(lines->row * ENDS_SHARE, 4 * (double)lines->maps);
    return lines->maps > 1 ? (((double)map + 0.5) / (double)lines->maps - 0.5) * all : 0;
}

static double thickness(const struct lines *lines)
{
    return fmax(fmin(lines->row * ENDS_SHARE / (double)lines->maps, 2), 1.25);
}

/* The lines of a map, the strongest last, without those that nobody sees. */
static bool draw_map(const struct lines *lines, size_t panel, size_t map, double x, double y)
{
    const struct drawing *drawing = lines->drawing;
    const double end = end_of(lines, map) + lines->row / 2;
    for (int opacity = FAINTEST; opacity <= 255; opacity++)
        for (size_t i = 0; i < drawing->rows; i++)
            for (size_t j = 0; j < drawing->columns; j++) {
                double place = place_of(lines, panel * lines->maps + map, i, j);
                if (drawing->style.has_lit && !is_lit(lines, i))
                    place *= UNLIT / sqrt((double)lines->maps);
                if ((int)lround(place * 255) == opacity &&
                    !figure_line(lines->figure, x, y + (double)i * lines->row + end, x + lines->middle,
                                 y + (double)j * lines->row + end, thickness(lines),
                                 color_of(lines, panel, map, i, j), (uint8_t)opacity, lines->error))
                    return false;
            }
    return true;
}

/* The weights of the lit row on a column: a strip for each map, over white, and the number where there is one map. */
static bool draw_weights(const struct lines *lines, size_t panel, size_t row, size_t column, double x,
                         double y)
{
    const double width = (lines->strips - LABEL_GAP) / (double)lines->maps;
    for (size_t map = 0; map < lines->maps; map++) {
        const double place = place_of(lines, panel * lines->maps + map, row, column);
        const struct color full = color_of(lines, panel, map, row, column);
        const struct color color = {(uint8_t)lround(255 + (full.r - 255) * place),
                                    (uint8_t)lround(255 + (full.g - 255) * place),
                                    (uint8_t)lround(255 + (full.b - 255) * place)};
        if (!figure_rect(lines->figure, x + (double)map * width, y + 1, width, lines->row - 2, color,
                         lines->error))
            return false;
    }
    const size_t at = (panel * lines->drawing->rows + row) * lines->drawing->columns + column;
    char text[NUMBER_TEXT];
    if (isnan(lines->values[at]))
        snprintf(text, sizeof text, "NaN");
    else
        number_text(text, (double)lines->values[at], 2);
    return lines->number == 0 || lines->masked[at] ||
           figure_text(lines->figure, x + lines->panel_width - lines->left - lines->middle - 2 * LABEL_GAP,
                       y + lines->row / 2 + LAYOUT_CAP * lines->size, lines->size, ANCHOR_END, TURN_NONE,
                       layout_ink, text, lines->error);
}

/* The labels of one side. Where a row is lit, the others are pale. */
static bool draw_labels(const struct lines *lines, bool is_column, double x, double y)
{
    static const struct color ground = {0xff, 0xf0, 0xc2};
    const size_t count = is_column ? lines->drawing->columns : lines->drawing->rows;
    for (size_t i = 0; i < count; i++) {
        char number[NUMBER_TEXT], shown[LABEL_SIZE];
        const double top = y + (double)i * lines->row;
        const bool is_pale = !is_column && lines->drawing->style.has_lit && !is_lit(lines, i);
        if (!label_show(shown, label_of(lines, is_column, i, number), true, lines->font, lines->size,
                        LABEL_LONGEST, lines->error))
            return false;
        const double width = typeset_width(lines->font, shown, lines->size, lines->error);
        if (!is_column && is_lit(lines, i) &&
            !figure_rect(lines->figure, x - width - 4, top, width + 8, lines->row, ground, lines->error))
            return false;
        if (!figure_text(lines->figure, x, top + lines->row / 2 + LAYOUT_CAP * lines->size, lines->size,
                         is_column ? ANCHOR_START : ANCHOR_END, TURN_NONE, is_pale ? layout_pale : layout_ink,
                         shown, lines->error))
            return false;
    }
    return true;
}

/* A panel whose upper left corner is there; the lines begin below its title and the names of the sides. */
static bool draw_panel(const struct lines *lines, size_t panel, double x, double y)
{
    const struct drawing *drawing = lines->drawing;
    struct figure *figure = lines->figure;
    const double from = x + lines->left + LABEL_GAP, to = from + lines->middle;
    const double names = y + lines->panel_title + LAYOUT_NAME_SIZE, top = names + 7;
    bool ok = !*panel_name(lines, panel) ||
              figure_text(figure, x + lines->panel_width / 2, y + PANEL_TITLE, PANEL_TITLE, ANCHOR_MIDDLE,
                          TURN_NONE, layout_ink, panel_name(lines, panel), lines->error);
    ok = ok && figure_text(figure, from - LABEL_GAP, names, LAYOUT_NAME_SIZE, ANCHOR_END, TURN_NONE,
                           layout_pale, drawing->row_axis ? drawing->row_axis : "", lines->error);
    ok = ok &&
         figure_text(figure, to + LABEL_GAP + lines->strips, names, LAYOUT_NAME_SIZE, ANCHOR_START, TURN_NONE,
                     layout_pale, drawing->column_axis ? drawing->column_axis : "", lines->error);
    ok = ok && draw_labels(lines, false, from - LABEL_GAP, top) &&
         draw_labels(lines, true, to + LABEL_GAP + lines->strips, top);
    for (size_t i = 0; ok && i < drawing->rows; i++)
        for (size_t j = 0; ok && is_lit(lines, i) && j < drawing->columns; j++)
            ok = draw_weights(lines, panel, i, j, to + LABEL_GAP, top + (double)j * lines->row);
    for (size_t map = 0; ok && map < lines->maps; map++)
        ok = draw_map(lines, panel, map, from, top);
    return ok;
}

static bool legend_entry(const struct lines *lines, double x, double y, struct color color, double opacity,
                         const char *text)
{
    char shown[LABEL_SIZE];
    return figure_line(lines->figure, x, y, x + LEGEND_SAMPLE, y, fmax(thickness(lines), 2), color,
                       (uint8_t)lround(opacity * 255), lines->error) &&
           label_show(shown, text, false, lines->font, LAYOUT_SMALL_SIZE, LABEL_LONGEST, lines->error) &&
           figure_text(lines->figure, x + LEGEND_SAMPLE + 6, y + LAYOUT_CAP * LAYOUT_SMALL_SIZE,
                       LAYOUT_SMALL_SIZE, ANCHOR_START, TURN_NONE, layout_ink, shown, lines->error);
}

/* The colours of maps, and what opacity says. *y becomes its lower end. */
static bool draw_legend(const struct lines *lines, double x, double *y)
{
    struct tick ticks[SCALE_TICKS];
    const size_t count = scale_ticks(&lines->scale, 0.24, ticks);
    const struct color of_scale = lines->maps > 1 ? layout_ink : map_colors[0];
    bool ok = true;
    for (size_t i = 0; ok && lines->maps > 1 && i < lines->maps; i++, *y += LEGEND_LINE)
        ok = legend_entry(lines, x, *y + LEGEND_LINE / 2, map_colors[i], 1, map_name(lines, i));
    *y += lines->maps > 1 ? 10 : 0;
    ok = ok && figure_text(lines->figure, x, *y + LAYOUT_SMALL_SIZE, LAYOUT_SMALL_SIZE, ANCHOR_START,
                           TURN_NONE, layout_ink, lines->drawing->measure, lines->error);
    *y += LEGEND_LINE;
    for (size_t i = count; ok && i-- > 0 && ticks[i].position * 255 >= FAINTEST; *y += LEGEND_LINE)
        ok = legend_entry(lines, x, *y + LEGEND_LINE / 2, of_scale, ticks[i].position, ticks[i].text);
    if (ok && lines->extent.has_nan) {
        ok = legend_entry(lines, x, *y + LEGEND_LINE / 2, lines->nan, 1, "NaN");
        *y += LEGEND_LINE;
    }
    return ok;
}

/* *y becomes what is below the title. */
static bool draw_title_lines(const struct lines *lines, double *y)
{
    char shown[2][LABEL_SIZE];
    const char *title = lines->drawing->title;
    *y = LAYOUT_PAD;
    if (!title || !*title)
        return true;
    if (!label_wrap(shown[0], shown[1], title, lines->font, TITLE_SIZE,
                    fmax((double)lines->figure->width - 2 * LAYOUT_PAD, 200), lines->error))
        return false;
    for (int i = 0; i < 2 && shown[i][0]; i++, *y += TITLE_LINE)
        if (!figure_text(lines->figure, LAYOUT_PAD, *y + TITLE_SIZE * 0.85, TITLE_SIZE, ANCHOR_START,
                         TURN_NONE, layout_ink, shown[i], lines->error))
            return false;
    *y += 6;
    return true;
}

static bool draw_lines(const struct lines *lines)
{
    const double names = lines->panel_title + LAYOUT_NAME_SIZE + 7, width = lines->panel_width + PANELS_GAP,
                 height = names + lines->panel_height + PANELS_GAP;
    double top, bottom;
    lines->figure->width =
        (float)(2 * LAYOUT_PAD + (double)lines->across * width - PANELS_GAP + LAYOUT_BAR_GAP + lines->legend);
    if (!draw_title_lines(lines, &top))
        return false;
    for (size_t i = 0; i < lines->panels; i++)
        if (!draw_panel(lines, i, LAYOUT_PAD + (double)(i % lines->across) * width,
                        top + (double)(i / lines->across) * height))
            return false;
    bottom = top + names;
    if (!draw_legend(lines, (double)lines->figure->width - LAYOUT_PAD - lines->legend, &bottom))
        return false;
    const double down = (double)pool_count(lines->panels, lines->across);
    lines->figure->height = (float)(fmax(bottom, top + down * height - PANELS_GAP) + LAYOUT_PAD);
    return true;
}

bool lines_layout(struct figure *figure, const struct drawing *drawing, struct font *font,
                  struct error *error)
{
    struct lines lines = {.drawing = drawing, .figure = figure, .font = font, .error = error};
    lines.maps = drawing->overlaid > 0 ? drawing->overlaid : 1;
    lines.panels = drawing->map_count / lines.maps;
    const bool ok = lines_check(&lines) && lines_scale(&lines) && lines_sizes(&lines) && draw_lines(&lines);
    free(lines.values);
    free(lines.masked);
    return ok && error->kind == ERROR_NONE;
}
