#include "draw/layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "draw/draw.h"
#include "draw/label.h"
#include "draw/layout_parts.h"

#define TITLE_SIZE 16.0
#define TITLE_LINE 22.0
#define NOTE_SIZE 10.5
#define FIGURE_WIDTH 1240.0  /* where nobody says */
#define PANEL_LARGEST 1200.0 /* a matrix that stands alone */
#define PANEL_SMALLEST 16.0
#define PANELS_HEIGHT 8000.0 /* that rows of panels may take in all */
#define BAR_GAP 20.0
#define BAR_ROOM 100.0    /* that the colour bar is expected to take */
#define BAR_LARGEST 440.0 /* beside several panels */
#define PANEL_GAP 16.0
#define PANEL_TITLE_ROOM 22.0
#define LABEL_CELL 9.0       /* cells of several panels that are smaller have no labels */
#define NUMBERED_PANEL 100.0 /* panels that are smaller have no numbers */
#define SIDE_LIMIT 32767.0
#define PIXEL_LIMIT (256.0 * 1024 * 1024)
#define VALUES_SIDE 8000.0 /* a figure does not grow beyond this for the numbers in its cells */

const struct color layout_ink = {0x22, 0x22, 0x22};
const struct color layout_pale = {0x70, 0x70, 0x70};
const struct color layout_line = {0xb4, 0xb4, 0xb4};

/* A layout in the making. */
struct layout {
    const struct drawing *drawing;
    struct figure *figure;
    struct font *font;
    struct error *error;
    double limit; /* of the figure's width */
    double least; /* of the cells */
    size_t across, down;
    struct sizing sizing;
    struct pooled
        shape; /* rows and columns of every panel; all values and masks, one panel behind the other */
    struct extent extent;
    struct scale scale;
    struct values values;
    struct axis rows, columns;
    struct bar bar;
    double panel_width, panel_height, title_room; /* of a matrix; above it, for its title */
    double gap;                                   /* between panels */
    double left, top;                             /* corner of the first matrix */
};

static void choose_across(struct layout *layout)
{
    size_t count = layout->drawing->map_count, across = layout->drawing->across;
    if (across == 0)
        across = (size_t)ceil(sqrt((double)count));
    layout->across = across < count ? across : count;
    layout->down = pool_count(count, layout->across);
}

static bool has_panel_titles(const struct drawing *drawing)
{
    for (size_t i = 0; i < drawing->map_count; i++)
        if (drawing->maps[i].title && drawing->maps[i].title[0])
            return true;
    return false;
}

/* The size of the cells, from what the labels and the colour bar will about take. */
static void choose_sizing(struct layout *layout, double labels)
{
    const struct drawing *drawing = layout->drawing;
    double across = (double)layout->across;
    double room, below;
    if (drawing->style.width == 0 && (drawing->style.cell > 0 || layout->least > 0)) {
        room = below = INFINITY;
    } else if (drawing->style.width == 0 && drawing->map_count == 1) {
        room = below = PANEL_LARGEST;
    } else {
        room = (layout->limit - 2 * LAYOUT_PAD - labels - BAR_GAP - BAR_ROOM - PANEL_GAP * (across - 1)) /
               across;
        room = fmax(floor(room), drawing->style.width == 0 ? PANEL_SMALLEST : 1);
        below = layout->across == 1 ? fmax(PANEL_LARGEST, room) : room;
        below = fmin(below, fmax(floor(PANELS_HEIGHT / (double)layout->down), PANEL_SMALLEST));
    }
    layout->sizing = sizing_choose(drawing, room, below, layout->least);
}

/* Pools all maps and chooses the colours. */
static bool choose_colors(struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    struct error *error = layout->error;
    struct pooled *shape = &layout->shape;
    shape->rows = pool_count(drawing->rows, layout->sizing.row_factor);
    shape->columns = pool_count(drawing->columns, layout->sizing.column_factor);
    size_t cells, all;
    if (!size_multiply(shape->rows, shape->columns, &cells) ||
        !size_multiply(cells, drawing->map_count, &all))
        return error_set(error, ERROR_USAGE,
                         "%zu matrices of %zu times %zu cells are too many for one picture",
                         drawing->map_count, shape->rows, shape->columns);
    bool masks = false;
    for (size_t i = 0; i < drawing->map_count; i++)
        masks = masks || drawing->maps[i].masked;
    shape->values = memory_take(all, sizeof *shape->values, error);
    shape->masked = masks && shape->values ? memory_zeroed(all, 1, error) : NULL;
    if (!shape->values || (masks && !shape->masked))
        return false;
    for (size_t i = 0; i < drawing->map_count; i++) {
        struct pooled panel = {shape->rows, shape->columns, shape->values + i * cells,
                               masks ? shape->masked + i * cells : NULL};
        pool_map(&panel, &drawing->maps[i], drawing->rows, drawing->columns, layout->sizing.row_factor,
                 layout->sizing.column_factor, drawing->style.pool, &layout->extent);
    }
    if (!scale_choose(&layout->scale, drawing, &layout->extent, error))
        return false;

    struct colormap map;
    const char *name = drawing->style.cmap;
    if (!name)
        name = layout->scale.is_centered ? COLORMAP_SIGNED : colormap_names[0];
    if (!colormap_find(&map, name, error))
        return false;
    for (int i = 0; i < FIGURE_COLORS; i++) {
        double position = i / 255.0;
        layout->figure->palette[i] = colormap_at(
            &map, layout->scale.is_centered ? scale_centered(&layout->scale, position) : position);
    }
    layout->figure->palette[FIGURE_MASKED] = map.masked;
    layout->figure->palette[FIGURE_NAN] = map.nan;
    return true;
}

static bool choose_labels(struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    const struct sizing *sizing = &layout->sizing;
    bool alone = drawing->map_count == 1;
    double longest = drawing->style.width > 0 ? fmax(24, layout->limit / 5) : 180;
    for (int side = 0; side < 2; side++) {
        struct axis *axis = side ? &layout->columns : &layout->rows;
        const char *const *labels = side ? drawing->column_labels : drawing->row_labels;
        size_t factor = side ? sizing->column_factor : sizing->row_factor;
        size_t step = side ? drawing->column_step : drawing->row_step, unit;
        if (!size_multiply(step > 0 ? step : 1, factor, &unit))
            unit = SIZE_MAX;
        *axis = (struct axis){.labels = factor == 1 ? labels : NULL,
                              .count = side ? layout->shape.columns : layout->shape.rows,
                              .first = side ? drawing->column_first : drawing->row_first,
                              .unit = unit,
                              .cell = side ? sizing->cell_width : sizing->cell_height,
                              .limit = fmin(longest, side ? 140 : 180)};
        bool legible =
            axis->labels ? axis->cell >= LABEL_CELL : axis->cell * (double)axis->count >= NUMBERED_PANEL;
        if (!alone && !legible)
            continue;
        if (!(side ? axis_plan_columns : axis_plan_rows)(axis, layout->font, layout->error))
            return false;
    }
    return true;
}

/* Everything that has a size gets it, and the figure with it. */
static bool choose_places(struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    bool alone = drawing->map_count == 1;
    layout->panel_width = (double)layout->shape.columns * layout->sizing.cell_width;
    layout->panel_height = (double)layout->shape.rows * layout->sizing.cell_height;
    layout->title_room = has_panel_titles(drawing) ? PANEL_TITLE_ROOM : 0;
    layout->gap = alone ? 0 : PANEL_GAP;
    if (!alone && layout->title_room > 0)
        layout->gap = fmax(8, fmin(PANEL_GAP, layout->panel_width / 8));
    if (!alone && !layout->columns.labels && layout->columns.size > 0)
        layout->gap = PANEL_GAP;

    double across = (double)layout->across, down = (double)layout->down;
    double height = down * (layout->panel_height + layout->title_room + layout->gap) - layout->gap;
    layout->bar = (struct bar){.scale = &layout->scale,
                               .measure = drawing->measure,
                               .has_masked = layout->extent.has_masked,
                               .has_nan = layout->extent.has_nan,
                               .masked = layout->figure->palette[FIGURE_MASKED],
                               .nan = layout->figure->palette[FIGURE_NAN]};
    double bar_height = height - layout->title_room;
    if (!bar_plan(&layout->bar, alone ? bar_height : fmin(bar_height, BAR_LARGEST), layout->font,
                  layout->error))
        return false;
    layout->left = LAYOUT_PAD + layout->rows.reach + (drawing->row_axis ? LAYOUT_NAME_SIZE + 8 : 0);
    layout->top = LAYOUT_PAD + layout->title_room;
    layout->figure->width = (float)(layout->left + across * (layout->panel_width + layout->gap) -
                                    layout->gap + BAR_GAP + layout->bar.width + LAYOUT_PAD);
    return true;
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
    double narrowest = fmin(layout->limit, 460) - 2 * LAYOUT_PAD;
    if (!label_show(lines[0], title, false, layout->font, TITLE_SIZE, narrowest, layout->error) ||
        !font_shape(layout->font, lines[0], TITLE_SIZE, NULL, NULL, &all, layout->error))
        return false;
    figure->width = (float)fmax(figure->width, ceil(fmin(all, narrowest)) + 2 * LAYOUT_PAD);

    double width = figure->width - 2 * LAYOUT_PAD;
    if (!label_wrap(lines[0], lines[1], title, layout->font, TITLE_SIZE, width, layout->error) ||
        !font_shape(layout->font, lines[0], TITLE_SIZE, NULL, NULL, &all, layout->error))
        return false;
    /* Flush with the matrix if it fits there. */
    double x =
        lines[1][0] == '\0' && layout->left + all <= figure->width - LAYOUT_PAD ? layout->left : LAYOUT_PAD;
    for (int i = 0; i < 2 && lines[i][0]; i++) {
        if (!figure_text(figure, x, LAYOUT_PAD + i * TITLE_LINE + TITLE_SIZE * 0.85, TITLE_SIZE, ANCHOR_START,
                         false, layout_ink, lines[i], layout->error))
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
            !font_shape(layout->font, shown, LAYOUT_NAME_SIZE, NULL, NULL, &length, layout->error) ||
            !figure_text(layout->figure, x, layout->top + fmax(height, length) / 2, LAYOUT_NAME_SIZE,
                         ANCHOR_MIDDLE, true, layout_ink, shown, layout->error))
            return false;
    }
    if (drawing->column_axis) {
        if (!label_show(shown, drawing->column_axis, false, layout->font, LAYOUT_NAME_SIZE,
                        fmax(width, 2 * BAR_GAP), layout->error) ||
            !figure_text(layout->figure, layout->left + width / 2, bottom + 8 + LAYOUT_NAME_SIZE * 0.76,
                         LAYOUT_NAME_SIZE, ANCHOR_MIDDLE, false, layout_ink, shown, layout->error))
            return false;
    }
    return true;
}

/* Says what a cell stands for where that is not one value. */
static bool draw_note(struct layout *layout, double y)
{
    char note[128], shown[LABEL_SIZE];
    snprintf(note, sizeof note, "each cell is the %s of %zu \u00d7 %zu",
             layout->drawing->style.pool == POOL_MEAN ? "mean" : "maximum", layout->rows.unit,
             layout->columns.unit);
    double x = layout->left;
    double width = layout->figure->width - LAYOUT_PAD - x;
    return label_show(shown, note, false, layout->font, NOTE_SIZE, width, layout->error) &&
           figure_text(layout->figure, x, y + NOTE_SIZE * 0.8, NOTE_SIZE, ANCHOR_START, false, layout_pale,
                       shown, layout->error);
}

static bool draw_panels(struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    size_t cells = layout->shape.rows * layout->shape.columns;
    bool small = layout->panel_width < 110;
    for (size_t i = 0; i < drawing->map_count; i++) {
        size_t column = i % layout->across, row = i / layout->across;
        struct pooled pooled = {layout->shape.rows, layout->shape.columns, layout->shape.values + i * cells,
                                layout->shape.masked ? layout->shape.masked + i * cells : NULL};
        struct panel panel = {.pooled = &pooled,
                              .title = drawing->maps[i].title,
                              .cell_width = layout->sizing.cell_width,
                              .cell_height = layout->sizing.cell_height,
                              .title_room = layout->panel_width + layout->gap * 0.6,
                              .title_size = layout->panel_width < 24 ? 0
                                            : small                  ? 10
                                                                     : 12,
                              .scale = &layout->scale,
                              .values = layout->values};
        double x = layout->left + (double)column * (layout->panel_width + layout->gap);
        double y = layout->top + (double)row * (layout->panel_height + layout->title_room + layout->gap);
        if (!panel_draw(&panel, layout->figure, x, y, layout->font, layout->error))
            return false;
        if (column == 0 && !axis_draw_rows(&layout->rows, layout->figure, x, y, layout->font, layout->error))
            return false;
        bool lowest = i + layout->across >= drawing->map_count;
        if (lowest && !axis_draw_columns(&layout->columns, layout->figure, x, y + layout->panel_height,
                                         layout->font, layout->error))
            return false;
    }
    return true;
}

static bool draw_all(struct layout *layout)
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
    if (!bar_draw(bar, figure, layout->left + width + BAR_GAP, layout->top, layout->font, layout->error))
        return false;
    bottom = fmax(bottom, layout->top + bar->height + fmax(bar->legend, 6));
    if (layout->rows.unit > 1 || layout->columns.unit > 1) {
        if (!draw_note(layout, bottom + 12))
            return false;
        bottom += 12 + NOTE_SIZE;
    }
    figure->height = (float)(bottom + LAYOUT_PAD);
    return true;
}

/* Decides everything up to the width of the figure. */
static bool plan_all(struct layout *layout)
{
    choose_across(layout);
    choose_sizing(layout, 40);
    if (!choose_colors(layout))
        return false;
    layout->values = values_plan(layout->drawing, &layout->extent, layout->sizing.cell_width,
                                 layout->sizing.cell_height, layout->font, layout->error);
    return layout->error->kind == ERROR_NONE && choose_labels(layout) && choose_places(layout);
}

static bool check_drawing(const struct drawing *drawing, struct error *error)
{
    if (drawing->rows == 0 || drawing->columns == 0 || drawing->map_count == 0)
        return error_set(error, ERROR_USAGE, "there is nothing to draw: %zu matrices of %zu times %zu",
                         drawing->map_count, drawing->rows, drawing->columns);
    double scale = drawing->style.dpi_scale;
    if (!(scale >= 1 && scale <= 8))
        return error_set(error, ERROR_USAGE, "a picture can be drawn 1 to 8 times as large, not %g", scale);
    return true;
}

static bool check_size(const struct figure *figure, struct error *error)
{
    double width = ceil((double)figure->width), height = ceil((double)figure->height);
    if (width > SIDE_LIMIT || height > SIDE_LIMIT || width * height > PIXEL_LIMIT)
        return error_set(error, ERROR_USAGE,
                         "the picture would be %.0f times %.0f pixels, which is too large", width, height);
    return true;
}

/* The size of cells that numbers were asked for and do not fit, if they may grow to it; else 0. */
static double larger_cell(const struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    if (drawing->style.annotate != ANNOTATE_ON || layout->values.size > 0 || layout->least > 0 ||
        drawing->style.width > 0 || drawing->style.cell > 0)
        return 0;
    double cell = values_cell(drawing, &layout->extent, layout->font, layout->error);
    double width = cell * (double)drawing->columns * (double)layout->across;
    double height = cell * (double)drawing->rows * (double)layout->down;
    return fmax(width, height) <= VALUES_SIDE ? cell : 0;
}

bool layout_figure(struct figure *figure, const struct drawing *drawing, struct font *font,
                   struct error *error)
{
    if (!check_drawing(drawing, error))
        return false;
    double width = (double)drawing->style.width;
    struct layout layout = {.limit = width > 0 ? width : FIGURE_WIDTH};
    bool done = false;
    /* The parts beside the matrices are known only once the matrices are, so a second and a third attempt may
     * follow. */
    for (int attempt = 0; attempt < 4; attempt++) {
        layout = (struct layout){.drawing = drawing,
                                 .figure = figure,
                                 .font = font,
                                 .error = error,
                                 .limit = layout.limit,
                                 .least = layout.least};
        done = plan_all(&layout);
        if (!done)
            break;
        double cell = larger_cell(&layout);
        double excess = width > 0 ? (double)figure->width - width : 0;
        if (cell <= 0 && excess <= 0)
            break;
        done = false;
        layout.least = cell;
        layout.limit -= fmax(excess, 0);
        free(layout.shape.values);
        free(layout.shape.masked);
        layout.shape = (struct pooled){0};
    }
    if (!done && error->kind == ERROR_NONE)
        error_set(error, ERROR_USAGE, "labels and colour bar leave no room for the matrices in %zu pixels",
                  drawing->style.width);
    layout.limit = width > 0 ? width : FIGURE_WIDTH;
    done = done && draw_all(&layout);
    free(layout.shape.values);
    free(layout.shape.masked);
    if (!done)
        return false;
    figure->width = ceilf(figure->width);
    figure->height = ceilf(figure->height);
    figure_scale(figure, drawing->style.dpi_scale);
    return check_size(figure, error);
}
