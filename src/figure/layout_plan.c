/* The division of a figure: panels, labels, colour bar, and the room of each. layout.c fills it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "figure/layout_parts.h"

#define NARROW 600
#define FIGURE_WIDTH 1240.0  /* where nobody says */
#define PANEL_LARGEST 1200.0 /* a matrix that stands alone */
#define PANEL_SMALLEST 24.0
#define PANEL_READABLE 60.0  /* smaller panels have no labels, unless their cells are large */
#define PANEL_TITLED 70.0    /* smaller panels share the titles of their row and column */
#define PANELS_HEIGHT 8000.0 /* that rows of panels may take in all */
#define BESIDE 192.0         /* what labels, colour bar and edges are expected to take */
#define BAR_LARGEST 480.0
#define OVERVIEW_FROM 37 /* panels of a grid that share titles even where they have room for their own */
#define OVERVIEW_LABELED 200.0 /* their panels have labels from this size on, or where none is left out */
#define GAP_OVERVIEW 4.0
#define GAP_SMALLEST 2.0 /* between panels */
#define GAP_LARGEST 16.0
#define GAP_LABELED 10.0    /* at least, for the labels of one panel not to meet those of the next */
#define GAP_SHARE (1.0 / 9) /* of a panel */
#define PANEL_TITLE_ROOM 22.0
#define LABEL_CELL 9.0     /* cells of this size have labels however small the panel */
#define VALUES_SIDE 8000.0 /* a figure does not grow beyond this for the numbers in its cells */
#define SMALL_WEIGHT 0.5
#define ATTEMPTS 6

static double gap_choose(const struct layout *layout, double panel_width)
{
    if (layout->is_overview)
        return panel_width < 2 * PANEL_SMALLEST ? GAP_SMALLEST : GAP_OVERVIEW;
    return fmin(fmax(floor(panel_width * GAP_SHARE), GAP_SMALLEST), GAP_LARGEST);
}

/* The length of each of so many panels that fill the room together with their gaps. */
static double panel_room(const struct layout *layout, double room, double across)
{
    if (layout->is_overview) {
        double least = floor((room - GAP_SMALLEST * (across - 1)) / across);
        double length = floor((room - GAP_OVERVIEW * (across - 1)) / across);
        return length < 2 * PANEL_SMALLEST ? fmin(least, 2 * PANEL_SMALLEST - 1) : length;
    }
    double width = room / (across + (across - 1) * GAP_SHARE);
    double gap = fmin(fmax(width * GAP_SHARE, GAP_SMALLEST), GAP_LARGEST);
    return floor((room - gap * (across - 1)) / across);
}

/* The columns of panels with which they are largest on a page: each has its own title. */
static size_t across_of_page(const struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    const double scale = drawing->style.dpi_scale;
    const double width = (double)drawing->style.page[0] / scale - layout->beside;
    const double height = (double)drawing->style.page[1] / scale - layout->above;
    double largest = -INFINITY;
    size_t best = 1;
    for (size_t across = 1; across <= layout_panels(layout); across++) {
        double down = (double)pool_count(layout_panels(layout), across);
        double cell = fmin(panel_room(layout, width, (double)across) / (double)drawing->columns,
                           (panel_room(layout, height, down) - PANEL_TITLE_ROOM) / (double)drawing->rows);
        if (cell > largest) {
            largest = cell;
            best = across;
        }
    }
    return best;
}

/* The grid is nearly square, or a panel wider where that leaves fewer places empty. If nobody asked for it,
 * it becomes narrower, within reason, where its panels would be too small. */
static void choose_across(struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    layout->lead = drawing->image && !drawing->row_titles && !drawing->column_titles;
    size_t count = layout_panels(layout), across = drawing->style.columns;
    if (across == 0)
        across = drawing->across;
    layout->is_overview =
        count >= OVERVIEW_FROM && across == drawing->across && drawing->row_titles && drawing->column_titles;
    if (drawing->style.columns == 0 && drawing->style.page[0] > 0 && !layout->is_overview)
        across = across_of_page(layout);
    if (across == 0) {
        across = (size_t)ceil(sqrt((double)count));
        if (pool_count(count, across + 1) * (across + 1) < pool_count(count, across) * across)
            across++;
        size_t least = pool_count(across, 3);
        while (drawing->style.width > 0 && across > least &&
               panel_room(layout, (double)drawing->style.width - BESIDE, (double)across) < PANEL_READABLE)
            across--;
    }
    layout->across = across < count ? across : count;
    layout->down = pool_count(count, layout->across);
}

/* The size of the cells, from what the labels and the colour bar will about take. */
static void choose_sizing(struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    const struct drawing_style *style = &drawing->style;
    double room, below, down = (double)layout->down;
    if (style->page[0] > 0) {
        room = fmax(panel_room(layout, (double)style->width - layout->beside, (double)layout->across), 1);
        double height = (double)style->page[1] / style->dpi_scale - layout->above;
        below = fmax(panel_room(layout, height, down) - layout->title_room, 1);
    } else if (style->width == 0 && (style->cell > 0 || layout->least > 0)) {
        room = below = INFINITY;
    } else if (style->width == 0 && layout_panels(layout) == 1) {
        room = below = PANEL_LARGEST;
    } else {
        double figure = style->width > 0 ? (double)style->width : FIGURE_WIDTH;
        room = fmax(panel_room(layout, figure - layout->beside, (double)layout->across),
                    style->width == 0 ? PANEL_SMALLEST : 1);
        below = layout->across == 1 ? fmax(PANEL_LARGEST, room) : room;
        below = fmin(below, fmax(floor(PANELS_HEIGHT / down), PANEL_SMALLEST));
    }
    layout->sizing = sizing_choose(drawing, room, below, layout->least);
}

/* The angle of texts beneath columns. They do not rise where a panel stands beneath the one to their left. */
static enum label_angle choose_angle(const struct layout *layout)
{
    const enum label_angle angle = layout->drawing->style.label_angle;
    const bool is_ragged = layout->down > 1 && layout_panels(layout) % layout->across > 0;
    return angle == LABEL_ANGLE_RISING && is_ragged ? LABEL_ANGLE_TURNED : angle;
}

/* The labels of an axis, before they are planned. */
static struct axis axis_begin(const struct layout *layout, bool of_columns)
{
    const struct drawing *drawing = layout->drawing;
    const struct sizing *sizing = &layout->sizing;
    const double longest = drawing->style.width > 0 ? fmax(24, (double)drawing->style.width / 5) : 180;
    const char *const *labels = of_columns ? drawing->column_labels : drawing->row_labels;
    const size_t factor = of_columns ? sizing->column_factor : sizing->row_factor;
    const size_t step = of_columns ? drawing->column_step : drawing->row_step;
    size_t unit;
    if (!size_multiply(step > 0 ? step : 1, factor, &unit))
        unit = SIZE_MAX;
    return (struct axis){.labels = factor == 1 ? labels : NULL,
                         .count = of_columns ? layout->shape.columns : layout->shape.rows,
                         .first = of_columns ? drawing->column_first : drawing->row_first,
                         .unit = unit,
                         .cell = of_columns ? sizing->cell_width : sizing->cell_height,
                         .angle = choose_angle(layout),
                         .limit = fmin(longest, 160)};
}

static bool choose_labels(struct layout *layout)
{
    const bool alone = layout_panels(layout) == 1;
    layout->rows = axis_begin(layout, false);
    layout->columns = axis_begin(layout, true);
    layout->rows.cut = layout->columns.cut = fmin(axis_cut(&layout->rows), axis_cut(&layout->columns));
    for (int side = 0; side < 2; side++) {
        struct axis *axis = side ? &layout->columns : &layout->rows;
        double least = layout->is_overview ? OVERVIEW_LABELED : PANEL_READABLE;
        bool has_cells = axis->cell >= LABEL_CELL && (axis->labels || !layout->is_overview);
        bool legible = axis->cell * (double)axis->count >= least || has_cells;
        if (!alone && (!legible || layout->no_labels))
            continue;
        if (!(side ? axis_plan_columns : axis_plan_rows)(axis, layout->font, layout->error))
            return false;
    }
    return true;
}

/* Titles of panels, or of rows and columns of panels where those do not fit. */
static bool choose_titles(struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    double size = layout->panel_width < 110 ? 10 : 12, widest = 0;
    if (layout->lead > 0)
        widest = typeset_width(layout->font, LAYOUT_IMAGE_TITLE, size, layout->error);
    for (size_t i = 0; i < drawing->map_count; i++)
        if (drawing->maps[i].title)
            widest = fmax(widest, typeset_width(layout->font, drawing->maps[i].title, size, layout->error));
    if (layout->error->kind != ERROR_NONE)
        return false;
    bool fits = widest <= layout->panel_width + layout->gap * 0.6;
    if (drawing->across > 0 && layout->across == drawing->across && drawing->row_titles &&
        drawing->column_titles && (layout->is_overview || layout->panel_width < PANEL_TITLED || !fits)) {
        layout->row_titles = (struct axis){.labels = drawing->row_titles,
                                           .count = layout->down,
                                           .cell = layout->panel_height + layout->gap,
                                           .limit = 90};
        layout->column_titles = (struct axis){.labels = drawing->column_titles,
                                              .count = layout->across,
                                              .cell = layout->panel_width + layout->gap,
                                              .is_above = true,
                                              .limit = 90};
        return axis_plan_rows(&layout->row_titles, layout->font, layout->error) &&
               axis_plan_columns(&layout->column_titles, layout->font, layout->error);
    }
    layout->title_size = widest > 0 && (fits || layout->panel_width >= PANEL_SMALLEST) ? size : 0;
    layout->title_room = layout->title_size > 0 ? PANEL_TITLE_ROOM : 0;
    return true;
}

/* Whether the user wants a figure so narrow that its cells need the room of a longer legend. */
static bool is_narrow(const struct drawing_style *style)
{
    return (style->width > 0 && style->width < NARROW) ||
           (style->page[0] > 0 && (double)style->page[0] < NARROW * style->dpi_scale);
}

/* Whether a cell is shown as dropped. */
static bool has_dropped(const struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    bool any = false;
    for (size_t i = 0; i < drawing->map_count; i++)
        any = any || drawing->maps[i].dropped;
    return any && layout->sizing.row_factor <= 1 && layout->sizing.column_factor <= 1;
}

/* Everything that has a size gets it, and the figure with it. */
static bool choose_places(struct layout *layout)
{
    const struct drawing *drawing = layout->drawing;
    bool alone = layout_panels(layout) == 1;
    layout->panel_width = (double)layout->shape.columns * layout->sizing.cell_width;
    layout->panel_height = (double)layout->shape.rows * layout->sizing.cell_height;
    layout->gap = alone ? 0 : gap_choose(layout, layout->panel_width);
    const bool fill_cells = layout->is_overview && !layout->rows.has_ticks && !layout->columns.has_ticks;
    if (!alone && !fill_cells && (layout->rows.size > 0 || layout->columns.size > 0))
        layout->gap = fmax(layout->gap, GAP_LABELED);
    if (!alone && !layout->columns.labels && layout->columns.size > 0)
        layout->gap = GAP_LARGEST;
    if (!choose_titles(layout))
        return false;

    double across = (double)layout->across, down = (double)layout->down;
    double height =
        down * (layout->panel_height + layout->title_room + layout->gap) - layout->gap - layout->title_room;
    /* On a scale to 1 small weights are hard to tell apart: there is no doubt of the largest. */
    const struct extent *extent = &layout->extent;
    if (drawing->is_weight && !drawing->style.has_vmax && extent->any && extent->high < SMALL_WEIGHT)
        snprintf(layout->bar_note, sizeof layout->bar_note, "(largest %.2g)", (double)extent->high);
    const size_t colors = drawing->image ? FIGURE_PALETTE : 0; /* as they look over an image */
    layout->bar = (struct bar){.scale = &layout->scale,
                               .colors = colors,
                               .measure = drawing->measure,
                               .masked_name = drawing->masked_name ? drawing->masked_name : "masked",
                               .note = drawing->note ? drawing->note : layout->bar_note,
                               .masked_count = is_narrow(&drawing->style) ? NULL : drawing->masked_count,
                               .has_masked = layout->extent.has_masked,
                               .has_dropped = has_dropped(layout),
                               .has_nan = layout->extent.has_nan,
                               .is_swatch = drawing->is_flag,
                               .highest = layout->figure->palette[colors + FIGURE_COLORS - 1],
                               .masked = layout->figure->palette[colors + FIGURE_MASKED],
                               .nan = layout->figure->palette[colors + FIGURE_NAN],
                               .dropped = layout->figure->palette[colors + FIGURE_DROPPED]};
    double longest = alone ? fmax(BAR_LARGEST, layout->panel_width) : BAR_LARGEST;
    if (!bar_plan(&layout->bar, fmin(height, longest), layout->font, layout->error))
        return false;
    layout->left = LAYOUT_PAD + (drawing->row_axis ? LAYOUT_NAME_SIZE + 8 : 0) + layout->row_titles.reach +
                   layout->rows.reach;
    layout->left = fmax(layout->left, LAYOUT_PAD + layout->columns.overhang);
    layout->top = LAYOUT_PAD + fmax(layout->title_room, layout->column_titles.reach);
    layout->figure->width = (float)(layout->left + across * (layout->panel_width + layout->gap) -
                                    layout->gap + LAYOUT_BAR_GAP + layout->bar.width + LAYOUT_PAD);
    return true;
}

/* One attempt: everything from the sizes of the cells to the width of the figure. */
static bool attempt(struct layout *layout)
{
    choose_across(layout);
    choose_sizing(layout);
    if (!layout_colors(layout))
        return false;
    layout->values = values_plan(layout->drawing, &layout->extent, layout->sizing.cell_width,
                                 layout->sizing.cell_height, layout->font, layout->error);
    return layout->error->kind == ERROR_NONE && choose_labels(layout) && choose_places(layout);
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

/* The width that the figure must not exceed; of an overview that has none, what it fills. 0: none. */
static double width_wanted(const struct layout *layout)
{
    const struct drawing_style *style = &layout->drawing->style;
    if (style->width > 0)
        return (double)style->width;
    return layout->is_overview && style->cell == 0 ? FIGURE_WIDTH : 0;
}

/* What stands beside the panels is known only once the panels are, so further attempts may follow: with
 * larger cells for the numbers in them, or with what the first attempts have shown of the room there is. */
bool layout_plan(struct layout *layout)
{
    struct layout next = *layout;
    next.beside = BESIDE;
    bool had_labels = false;
    for (int number = 0; number < ATTEMPTS; number++) {
        free(layout->shape.values);
        free(layout->shape.masked);
        *layout = next;
        if (!attempt(layout))
            return false;
        const double width = width_wanted(layout);
        next.title_room = layout->title_room;
        next.least = larger_cell(layout);
        if (layout->error->kind != ERROR_NONE)
            return false;
        if (width == 0 && next.least <= 0)
            return true;
        double across = (double)layout->across;
        double excess = width > 0 ? (double)layout->figure->width - width : 0;
        double beside = (double)layout->figure->width - across * layout->panel_width -
                        (across - 1) * gap_choose(layout, layout->panel_width);
        bool has_labels = layout->rows.size > 0;
        if (width > 0 && had_labels && !has_labels && !layout->no_labels) {
            next.no_labels = true; /* they cannot stay: let the panels have their room */
        } else if (excess > 0) {
            beside = fmax(beside, layout->beside + excess);
        } else if (width > 0 && (number > 0 || beside >= layout->beside)) {
            return true;
        }
        next.beside = beside;
        had_labels = has_labels;
    }
    return layout->drawing->style.width == 0 ||
           error_set(layout->error, ERROR_USAGE,
                     "labels and colour bar leave no room for the matrices in %zu pixels",
                     layout->drawing->style.width);
}
