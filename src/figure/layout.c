#include "figure/layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figure/label.h"
#include "figure/layout_parts.h"
#include "figure/lines.h"

#define TITLE_SIZE 16.0
#define TITLE_LINE 22.0
#define TITLE_WIDEST 428.0 /* widest figure that a title asks for, without margins */
#define ONE_LINE 1.2       /* largest factor of the width for a title of one line */
#define HALF 0.6           /* of a title: the longer of its two lines, at most */
#define NOTE_SIZE 10.5
#define SIDE_LIMIT 32767.0
#define PIXEL_LIMIT (256.0 * 1024 * 1024)

const struct color layout_ink = {0x22, 0x22, 0x22};
const struct color layout_pale = {0x70, 0x70, 0x70};
const struct color layout_line = {0xb4, 0xb4, 0xb4};

/* The width of a figure for its title, both without margins: `wide`, if the title fits there in two lines; a
 * little more, if that makes one line of it; for longer titles the width that two lines need. */
static double title_room(double wide, double title)
{
    if (title <= wide * ONE_LINE)
        return fmax(wide, title);
    return fmax(wide, fmin(title * HALF, TITLE_WIDEST));
}

/* The title, in one line or two, and the room it takes from the top. A narrow figure is made wider for it. */
static bool draw_title(struct layout *layout)
{
    const char *title = layout->drawing->title;
    if (!title || !title[0])
        return true;
    struct figure *figure = layout->figure;
    char lines[2][LABEL_SIZE];
    double all;
    if (!label_show(lines[0], title, false, layout->font, TITLE_SIZE, INFINITY, layout->error) ||
        !typeset_text(layout->font, lines[0], TITLE_SIZE, NULL, NULL, &all, layout->error))
        return false;
    double width = figure->width - 2 * LAYOUT_PAD, limit = (double)layout->drawing->style.width;
    width = ceil(title_room(width, all));
    if (limit > 0)
        width = fmax(fmin(width, limit - 2 * LAYOUT_PAD), figure->width - 2 * LAYOUT_PAD);
    figure->width = (float)(width + 2 * LAYOUT_PAD);
    if (!label_wrap(lines[0], lines[1], title, layout->font, TITLE_SIZE, width, layout->error) ||
        !typeset_text(layout->font, lines[0], TITLE_SIZE, NULL, NULL, &all, layout->error))
        return false;
    /* Flush with the matrix if it fits there. */
    double x =
        lines[1][0] == '\0' && layout->left + all <= figure->width - LAYOUT_PAD ? layout->left : LAYOUT_PAD;
    for (int i = 0; i < 2 && lines[i][0]; i++) {
        if (!figure_text(figure, x, LAYOUT_PAD + i * TITLE_LINE + TITLE_SIZE * 0.85, TITLE_SIZE, ANCHOR_START,
                         TURN_NONE, layout_ink, lines[i], layout->error))
            return false;
        layout->top += TITLE_LINE;
    }
    layout->top += 6;
    return true;
}

/* "query" and "key": along the sides of all panels together. */
static bool draw_names(struct layout *layout, double width, double height, double bottom)
{
    const struct drawing *drawing = layout->drawing;
    char shown[LABEL_SIZE];
    if (drawing->row_axis) {
        double x = LAYOUT_PAD + LAYOUT_NAME_SIZE * 0.76, length;
        if (!label_show(shown, drawing->row_axis, false, layout->font, LAYOUT_NAME_SIZE, fmax(height, 60),
                        layout->error) ||
            !typeset_text(layout->font, shown, LAYOUT_NAME_SIZE, NULL, NULL, &length, layout->error) ||
            !figure_text(layout->figure, x, layout->top + fmax(height, length) / 2, LAYOUT_NAME_SIZE,
                         ANCHOR_MIDDLE, TURN_UP, layout_ink, shown, layout->error))
            return false;
    }
    if (drawing->column_axis) {
        if (!label_show(shown, drawing->column_axis, false, layout->font, LAYOUT_NAME_SIZE,
                        fmax(width, 2 * LAYOUT_BAR_GAP), layout->error) ||
            !figure_text(layout->figure, layout->left + width / 2, bottom + 8 + LAYOUT_NAME_SIZE * 0.76,
                         LAYOUT_NAME_SIZE, ANCHOR_MIDDLE, TURN_NONE, layout_ink, shown, layout->error))
            return false;
    }
    return true;
}

/* Writes lines of a note below the figure. */
static bool draw_note(struct layout *layout, double x, double *bottom, char lines[2][LABEL_SIZE])
{
    *bottom += 12;
    for (int i = 0; i < 2 && lines[i][0]; i++) {
        if (!figure_text(layout->figure, x, *bottom + NOTE_SIZE * 0.8, NOTE_SIZE, ANCHOR_START, TURN_NONE,
                         layout_pale, lines[i], layout->error))
            return false;
        *bottom += NOTE_SIZE + i * 3;
    }
    return true;
}

/* Says how cells were pooled, if they were: as fully as there is room, in two lines at worst. */
static bool draw_pooling(struct layout *layout, double *bottom)
{
    const struct drawing *drawing = layout->drawing;
    size_t rows = layout->rows.unit, columns = layout->columns.unit;
    if (rows == 1 && columns == 1)
        return true;
    bool mean = drawing->style.pool == POOL_MEAN;
    char axes[64] = "", lines[2][LABEL_SIZE];
    if (drawing->row_axis && drawing->column_axis)
        snprintf(axes, sizeof axes, " (%.20s \u00d7 %.20s)", drawing->row_axis, drawing->column_axis);
    double right = layout->figure->width - LAYOUT_PAD, x = layout->left;
    for (int attempt = 0; attempt < 3; attempt++) {
        char note[192];
        if (attempt < 2)
            snprintf(note, sizeof note, "each cell is the %s of %zu \u00d7 %zu%s", mean ? "mean" : "maximum",
                     rows, columns, axes);
        else
            snprintf(note, sizeof note, "%s of %zu\u00d7%zu%s", mean ? "mean" : "max", rows, columns, axes);
        x = attempt == 0 ? layout->left : LAYOUT_PAD;
        if (!label_wrap(lines[0], lines[1], note, layout->font, NOTE_SIZE, right - x, layout->error))
            return false;
        if (lines[1][0] == '\0')
            break;
    }
    return draw_note(layout, x, bottom, lines);
}

/* Says what became of weights that are all small: that the range was chosen for them, or which could be. The longest of
 * the texts that fits in a line, or the shortest in two. */
static bool draw_range(struct layout *layout, double *bottom)
{
    enum { TEXTS = 3 };
    static const char *const automatic[TEXTS] = {
        "colours end at the 99.5 % quantile of rows of ten keys and more: --vmax 1 shows 0 to 1",
        "colours end at the 99.5 % quantile (--vmax 1: at 1)", "99.5 % quantile (--vmax 1: to 1)"};
    static const char *const dim[TEXTS] = {
        " % of the cells lie in the lowest 5 % of the scale: --vmax auto or --color-scale log",
        " % of cells in the lowest 5 %: --vmax auto, --color-scale log",
        " % dark: --vmax auto, --color-scale log"};
    char text[160], lines[2][LABEL_SIZE];
    double x = layout->left;
    if (!layout->is_automatic && layout->dim == 0)
        return true;
    for (int i = 0; i < TEXTS; i++) {
        if (layout->is_automatic)
            snprintf(text, sizeof text, "%s", automatic[i]);
        else
            snprintf(text, sizeof text, "%d%s", (int)(layout->dim * 100), dim[i]);
        x = i == 0 ? layout->left : LAYOUT_PAD;
        if (!label_wrap(lines[0], lines[1], text, layout->font, NOTE_SIZE,
                        layout->figure->width - LAYOUT_PAD - x, layout->error))
            return false;
        if (lines[1][0] == '\0')
            break;
    }
    return draw_note(layout, x, bottom, lines);
}

static bool draw_panels(struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    size_t cells = layout->shape.rows * layout->shape.columns;
    for (size_t p = 0; p < layout_panels(layout); p++) {
        const bool is_image = p < layout->lead;
        const size_t column = p % layout->across, row = p / layout->across,
                     i = is_image ? 0 : p - layout->lead;
        struct pooled pooled = {layout->shape.rows, layout->shape.columns, layout->shape.values + i * cells,
                                layout->shape.masked ? layout->shape.masked + i * cells : NULL};
        const bool is_pooled = layout->sizing.row_factor > 1 || layout->sizing.column_factor > 1;
        struct panel panel = {.pooled = &pooled,
                              .dropped = is_image || is_pooled ? NULL : drawing->maps[i].dropped,
                              .title = is_image ? LAYOUT_IMAGE_TITLE : drawing->maps[i].title,
                              .cell_width = layout->sizing.cell_width,
                              .cell_height = layout->sizing.cell_height,
                              .title_room = layout->panel_width + layout->gap * 0.6,
                              .title_size = layout->title_size,
                              .scale = &layout->scale,
                              .values = layout->values,
                              .image = drawing->image,
                              .is_image = is_image,
                              .has_mark = drawing->has_mark,
                              .mark_row = drawing->mark_row / layout->sizing.row_factor,
                              .mark_column = drawing->mark_column / layout->sizing.column_factor};
        double x = layout->left + (double)column * (layout->panel_width + layout->gap);
        double y = layout->top + (double)row * (layout->panel_height + layout->title_room + layout->gap);
        if (!panel_draw(&panel, layout->figure, x, y, layout->font, layout->error))
            return false;
        if (column == 0 && !axis_draw_rows(&layout->rows, layout->figure, x, y, layout->font, layout->error))
            return false;
        bool lowest = p + layout->across >= layout_panels(layout);
        if (lowest && !axis_draw_columns(&layout->columns, layout->figure, x, y + layout->panel_height,
                                         layout->font, layout->error))
            return false;
    }
    return axis_draw_rows(&layout->row_titles, layout->figure, layout->left - layout->rows.reach,
                          layout->top - layout->gap / 2, layout->font, layout->error) &&
           axis_draw_columns(&layout->column_titles, layout->figure, layout->left - layout->gap / 2,
                             layout->top, layout->font, layout->error);
}

bool layout_draw(struct layout *layout)
{
    struct figure *figure = layout->figure;
    if (!draw_title(layout) || !draw_panels(layout))
        return false;
    double across = (double)layout->across, down = (double)layout->down;
    double width = across * (layout->panel_width + layout->gap) - layout->gap;
    double height =
        down * (layout->panel_height + layout->title_room + layout->gap) - layout->gap - layout->title_room;
    double bottom = layout->top + height + layout->columns.reach;
    if (!draw_names(layout, width, height, bottom))
        return false;
    if (layout->drawing->column_axis)
        bottom += LAYOUT_NAME_SIZE + 10;
    const struct bar *bar = &layout->bar;
    if (!bar_draw(bar, figure, layout->left + width + LAYOUT_BAR_GAP, layout->top, layout->font,
                  layout->error))
        return false;
    bottom = fmax(bottom, layout->top + bar->height + fmax(bar->legend, 6));
    if (!draw_pooling(layout, &bottom) || !draw_range(layout, &bottom))
        return false;
    figure->dim = layout->dim;
    figure->height = (float)(bottom + LAYOUT_PAD);
    return true;
}

static bool check_drawing(const struct drawing *drawing, struct error *error)
{
    if (drawing->rows == 0 || drawing->columns == 0 || drawing->map_count == 0)
        return error_set(error, ERROR_USAGE, "there is nothing to draw: %zu matrices of %zu times %zu",
                         drawing->map_count, drawing->rows, drawing->columns);
    return layout_check_style(&drawing->style, error);
}

bool layout_check_style(const struct drawing_style *style, struct error *error)
{
    const double scale = style->dpi_scale;
    if (!(scale >= 1 && scale <= 8))
        return error_set(error, ERROR_USAGE, "a picture can be drawn 1 to 8 times as large, not %g", scale);
    if (style->page[0] > 0 && (style->cell > 0 || style->width > 0))
        return error_set(error, ERROR_USAGE,
                         "a picture of a given size has no other width, and chooses the size of its cells");
    if (style->page[0] > 0 && style->has_lines)
        return error_set(
            error, ERROR_USAGE,
            "lines between tokens have the size of their texts: expected no size of the picture");
    return true;
}

bool layout_name(struct figure *figure, const char *title, const struct drawing_style *style,
                 struct error *error)
{
    const char *command = style->metadata == METADATA_COMMAND ? style->command : NULL;
    return style->metadata == METADATA_NONE || figure_name(figure, title, command, error);
}

bool layout_check_size(const struct figure *figure, struct error *error)
{
    double width = ceil((double)figure->width), height = ceil((double)figure->height);
    if (width > SIDE_LIMIT || height > SIDE_LIMIT || width * height > PIXEL_LIMIT)
        return error_set(error, ERROR_USAGE,
                         "the picture would be %.0f times %.0f pixels, which is too large", width, height);
    return true;
}

/* Matrices as cells. */
static bool layout_cells(struct figure *figure, const struct drawing *drawing, struct font *font,
                         struct error *error)
{
    struct layout layout = {.drawing = drawing, .figure = figure, .font = font, .error = error};
    const bool done =
        drawing->style.page[0] > 0 ? layout_page(&layout) : layout_plan(&layout) && layout_draw(&layout);
    free(layout.shape.values);
    free(layout.shape.masked);
    return done;
}

bool layout_figure(struct figure *figure, const struct drawing *drawing, struct font *font,
                   struct error *error)
{
    if (!check_drawing(drawing, error))
        return false;
    if (!(drawing->style.has_lines ? lines_layout : layout_cells)(figure, drawing, font, error))
        return false;
    figure->width = ceilf(figure->width);
    figure->height = ceilf(figure->height);
    figure_scale(figure, drawing->style.dpi_scale);
    if (drawing->style.page[0] > 0) {
        figure->width = (float)drawing->style.page[0];
        figure->height = (float)drawing->style.page[1];
    }
    return layout_name(figure, drawing->title, &drawing->style, error) && layout_check_size(figure, error);
}

/* Puts one more figure below those that are there. */
static bool put_below(struct figure *figure, const struct figure *next, bool is_first, struct error *error)
{
    if (!is_first && memcmp(figure->palette, next->palette, sizeof figure->palette) != 0)
        return error_set(
            error, ERROR_USAGE,
            "layers of different size have no colours in common here: give both --vmin and --vmax, or "
            "choose layers of one size");
    return figure_append(figure, next, 0, (double)figure->height, error) && layout_check_size(figure, error);
}

bool layout_figures(struct figure *figure, const struct drawing *const *drawings, size_t count,
                    struct font *font, struct error *error)
{
    bool ok = true;
    if (count == 1)
        return layout_figure(figure, drawings[0], font, error);
    if (drawings[0]->style.page[0] > 0)
        return error_set(
            error, ERROR_USAGE,
            "a picture of layers of different size cannot have a given size: choose layers of one size");
    for (size_t i = 0; ok && i < count; i++) {
        struct drawing drawing = *drawings[i];
        struct figure next = {0};
        if (i > 0)
            drawing.title = NULL;
        ok = layout_figure(&next, &drawing, font, error) && put_below(figure, &next, i == 0, error);
        figure_free(&next);
    }
    return ok;
}
