#include "view/sweep_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/label_text.h"
#include "base/memory.h"
#include "base/text.h"
#include "figure/layout.h"
#include "paint/paint_kit.h"

#define COLUMN_WIDTH 120.0 /* of the bars of a measure */
#define COLUMN_GAP 24.0
#define NUMBER_ROOM 44.0 /* behind a bar */
#define TEXT_SIZE 11.0
#define NUMBER_FROM 12.0 /* rows of this height have their number */
#define CAP 0.365        /* from the middle of a capital to its baseline, in ems */

/* What the drawing points to; owned. */
struct sweep_drawing {
    char (*names)[24];
    const char **labels;
    char *title;
    struct heatmap map;
    struct drawing drawing;
};

static void sweep_drawing_free(struct sweep_drawing *made)
{
    free(made->names);
    free(made->labels);
    free(made->title);
}

static bool sweep_drawing_make(struct sweep_drawing *made, const struct sweep *sweep, struct error *error)
{
    const struct explanation *e = sweep->of;
    const struct problem *problem = e->layer.problem;
    const size_t count = sweep->range->count;
    const bool has_sign = e->head->minus || e->head->recurrent.rule != RECURRENCE_NONE;
    const char *title = problem->title ? problem->title : "";
    char name[160];
    label_numbered(e->query, labels_shown(&problem->tokens)[e->query], name);
    made->title =
        text_format("%s%slayer %zu, head %zu, query %s by %s", title, *title ? " · " : "",
                    problem_layer_number(problem, e->layer.index),
                    problem_head_number(problem, e->layer.index, e->head_number), name, sweep->range->name);
    if (!made->title)
        return error_memory(error, 128);
    made->names = memory_alloc(count, sizeof *made->names, error);
    made->labels = made->names ? memory_alloc(count, sizeof *made->labels, error) : NULL;
    for (size_t i = 0; made->labels && i < count; i++)
        made->labels[i] = label_number(sweep->range->values[i], made->names[i]);
    made->map = (struct heatmap){.values = sweep->weights, .masked = sweep->masked};
    made->drawing = (struct drawing){
        .title = made->title,
        .maps = &made->map,
        .map_count = 1,
        .rows = count,
        .columns = sweep->keys,
        .row_labels = made->labels,
        .column_labels = problem->key_tokens.given ? labels_shown(&problem->key_tokens) : NULL,
        .row_axis = sweep->range->name,
        .column_axis = "key",
        .measure = "attention weight",
        .is_signed = has_sign,
        .is_weight = !has_sign,
        .style = {.dpi_scale = 1}};
    return made->labels;
}

/* A measure of the rows, of which `most` is a whole bar, or more where it is more: bars to the right of x, as high as the rows of the matrix. */
static bool bars_draw(struct figure *figure, const struct figure_item *matrix, double x, const char *name,
                      double most, const struct sweep *sweep, double (*measure)(const struct sweep_row *row),
                      struct error *error)
{
    static const struct color ink = {0x22, 0x22, 0x22}, bar = {0x31, 0x68, 0x8e};
    const size_t count = sweep->range->count;
    const double row = (double)matrix->height / (double)count, top = (double)matrix->y;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, measure(&sweep->rows[i]));
    if (!figure_text(figure, x, top - 7, TEXT_SIZE, ANCHOR_START, false, ink, name, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        const double value = measure(&sweep->rows[i]), y = top + (double)i * row,
                     width = value > 0 && isfinite(value) ? value / most * COLUMN_WIDTH : 0;
        char text[24];
        if (width > 0 && !figure_rect(figure, x, y + row * 0.15, width, row * 0.7, bar, error))
            return false;
        snprintf(text, sizeof text, "%.3g", value == 0 ? 0 : value);
        if (row >= NUMBER_FROM &&
            !figure_text(figure, x + width + 5, y + row / 2 + CAP * TEXT_SIZE, TEXT_SIZE, ANCHOR_START, false,
                         ink, isnan(value) ? "-" : text, error))
            return false;
    }
    return true;
}

static double entropy_of(const struct sweep_row *row)
{
    return row->entropy;
}

static double largest_of(const struct sweep_row *row)
{
    return row->largest;
}

/* The bars of both measures, to the right of all that is there. */
static bool measures_draw(struct figure *figure, const struct sweep *sweep, struct error *error)
{
    size_t at = 0;
    while (figure->items[at].kind != FIGURE_MATRIX)
        at++;
    const struct figure_item matrix = figure->items[at]; /* items move where more are added */
    const double first = (double)figure->width, second = first + COLUMN_WIDTH + NUMBER_ROOM + COLUMN_GAP;
    figure->width = (float)(second + COLUMN_WIDTH + NUMBER_ROOM);
    return bars_draw(figure, &matrix, first, "entropy (nats)", 0, sweep, entropy_of, error) &&
           bars_draw(figure, &matrix, second, "largest weight", 1, sweep, largest_of, error);
}

bool sweep_picture(struct out *out, const struct sweep *sweep, const struct drawing_style *style,
                   const struct painter *painter, struct error *error)
{
    struct paint_kit kit = {0};
    struct figure figure = {0};
    struct sweep_drawing made = {0};
    bool ok = paint_kit_open(&kit, style->font, error) && sweep_drawing_make(&made, sweep, error) &&
              layout_figure(&figure, &made.drawing, kit.font, error) && measures_draw(&figure, sweep, error);
    if (ok)
        figure_scale(&figure, style->dpi_scale);
    ok = ok && layout_check_size(&figure, error) && painter->paint(&kit, &figure, out, error);
    sweep_drawing_free(&made);
    figure_free(&figure);
    paint_kit_free(&kit);
    return ok;
}
