#include "view/diff_picture.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/label_text.h"
#include "base/memory.h"
#include "base/text.h"
#include "figure/layout.h"

/* The tokens of both sides along one axis, and their labels. */
struct union_axis {
    struct token_place *places; /* `count` of them; owned */
    size_t count;
    char **labels; /* owned, as are the strings; NULL: numbers are enough */
};

/* The three matrices of a head over the tokens of both. */
struct diff_drawing {
    struct union_axis rows, columns;
    float *values[3]; /* rows×columns; of A, B and B − A; owned, as are `masked` */
    uint8_t *masked[3];
    struct heatmap maps[3];
    char *title[3], *head, *largest; /* of the panels, and of both figures; owned */
};

static void union_axis_free(struct union_axis *axis)
{
    for (size_t i = 0; axis->labels && i < axis->count; i++)
        free(axis->labels[i]);
    free(axis->labels);
    free(axis->places);
}

static void drawing_free(struct diff_drawing *drawing)
{
    union_axis_free(&drawing->rows);
    union_axis_free(&drawing->columns);
    for (int i = 0; i < 3; i++) {
        free(drawing->values[i]);
        free(drawing->masked[i]);
        free(drawing->title[i]);
    }
    free(drawing->head);
    free(drawing->largest);
}

/* ---- what is drawn ---- */

static bool union_axis_make(struct union_axis *axis, const struct token_match *match, const struct labels *a,
                            const struct labels *b, struct error *error)
{
    const char *const *const texts[2] = {labels_shown(a), labels_shown(b)};
    axis->count = match->count + match->alone[0] + match->alone[1];
    axis->places = token_match_places(match, error);
    if (!axis->places || (match->is_by_number && match->is_all && !a->given && !b->given))
        return axis->places;
    axis->labels = memory_zeroed(axis->count, sizeof *axis->labels, error);
    for (size_t i = 0; axis->labels && i < axis->count; i++) {
        const size_t *of = axis->places[i].of;
        const int side = of[0] == SIZE_MAX || (of[1] != SIZE_MAX && !a->given);
        const char *sign = of[0] == SIZE_MAX ? "+ " : of[1] == SIZE_MAX ? "− " : "";
        axis->labels[i] = text_format("%s%s", sign, texts[side][of[side]]);
        if (!axis->labels[i])
            return error_memory(error, 64);
    }
    return axis->labels;
}

/* One pair on both sides: its weights, and what of it is not there or may not be seen. */
static void drawing_pair(struct diff_drawing *drawing, const struct diff_head *head, size_t i, size_t j)
{
    const size_t at = i * drawing->columns.count + j;
    bool is_there[2], sees[2];
    for (int side = 0; side < 2; side++) {
        const struct diff_view *view = &head->side[side];
        const size_t query = drawing->rows.places[i].of[side], key = drawing->columns.places[j].of[side];
        is_there[side] = query != SIZE_MAX && key != SIZE_MAX;
        sees[side] = is_there[side] && diff_sees(view, query, key);
        drawing->values[side][at] = is_there[side] ? view->weights.data[query * view->weights.row + key] : 0;
        drawing->masked[side][at] = !sees[side];
    }
    drawing->values[2][at] = drawing->values[1][at] - drawing->values[0][at];
    drawing->masked[2][at] = !is_there[0] || !is_there[1] || (!sees[0] && !sees[1]);
}

static bool drawing_matrices(struct diff_drawing *drawing, const struct diff_head *head, struct error *error)
{
    size_t cells;
    if (!size_multiply(drawing->rows.count, drawing->columns.count, &cells))
        return error_memory(error, SIZE_MAX);
    for (int i = 0; i < 3; i++) {
        drawing->values[i] = memory_alloc(cells, sizeof *drawing->values[i], error);
        drawing->masked[i] = memory_alloc(cells, 1, error);
        if (!drawing->values[i] || !drawing->masked[i])
            return false;
        drawing->maps[i] = (struct heatmap){
            .title = drawing->title[i], .values = drawing->values[i], .masked = drawing->masked[i]};
    }
    for (size_t i = 0; i < drawing->rows.count; i++)
        for (size_t j = 0; j < drawing->columns.count; j++)
            drawing_pair(drawing, head, i, j);
    return true;
}

static bool drawing_titles(struct diff_drawing *drawing, const struct diff_report *report,
                           const struct diff_head *head, struct error *error)
{
    const struct problem *problem = head->match->problem[0];
    char number[24], query[128], key[128];
    drawing->title[0] = text_format("A: %s", report->name[0]);
    drawing->title[1] = text_format("B: %s", report->name[1]);
    drawing->title[2] = text_copy("B − A");
    drawing->head = text_format("layer %zu · head %zu", head->layer, head->head);
    if (head->nan_one > 0) {
        drawing->largest = text_copy("NaN on one side alone");
    } else if (head->at[0][0] == SIZE_MAX || head->max == 0) {
        drawing->largest = text_copy("no difference");
    } else {
        label_text(labels_shown(&problem->tokens)[head->at[0][0]], query);
        label_text(labels_shown(&problem->key_tokens)[head->at[0][1]], key);
        drawing->largest = text_format("largest %s: %s → %s", label_number(head->max, number), query, key);
    }
    return (drawing->title[0] && drawing->title[1] && drawing->title[2] && drawing->head &&
            drawing->largest) ||
           error_memory(error, 256);
}

static bool drawing_make(struct diff_drawing *drawing, const struct diff_report *report,
                         const struct diff_head *head, struct error *error)
{
    const struct diff_match *match = head->match;
    const struct problem *a = match->problem[0], *b = match->problem[1];
    return union_axis_make(&drawing->rows, &match->queries, &a->tokens, &b->tokens, error) &&
           union_axis_make(&drawing->columns, &match->keys, &a->key_tokens, &b->key_tokens, error) &&
           drawing_titles(drawing, report, head, error) && drawing_matrices(drawing, head, error);
}

/* ---- from drawings to a figure ---- */

/* The first matrix of a figure. */
static const struct figure_item *figure_panel(const struct figure *figure)
{
    const struct figure_item *item = figure->items;
    while (item->kind != FIGURE_MATRIX)
        item++;
    return item;
}

/* Of the pairs of a cell that are not masked the difference that is furthest from 0, NaN before all; whether there is any. */
static bool cell_pool(const struct diff_drawing *head, size_t row, size_t column, const size_t step[2],
                      float *value)
{
    bool any = false;
    for (size_t i = row; i < row + step[0] && i < head->rows.count; i++)
        for (size_t j = column; j < column + step[1] && j < head->columns.count; j++) {
            const size_t at = i * head->columns.count + j;
            const float found = head->values[2][at];
            if (head->masked[2][at])
                continue;
            if (!any || isnan(found) || fabsf(found) > fabsf(*value))
                *value = found;
            any = true;
        }
    return any;
}

/* Makes the cells of the difference those of the panels beside it. Where these stand for several tokens each, what is left of them is
 * not the largest number, which would hide all losses, but the one furthest from 0: pooled in place, row by row. */
static void difference_match(struct drawing *difference, struct diff_drawing *head,
                             const struct figure_item *panel)
{
    const size_t step[2] = {size_divide_up(difference->rows, panel->matrix.rows),
                            size_divide_up(difference->columns, panel->matrix.columns)};
    difference->style.cell = (size_t)fmaxf(1, roundf(panel->width / (float)panel->matrix.columns));
    if (step[0] == 1 && step[1] == 1)
        return;
    const size_t rows = size_divide_up(difference->rows, step[0]),
                 columns = size_divide_up(difference->columns, step[1]);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            float value = 0;
            const bool any = cell_pool(head, i * step[0], j * step[1], step, &value);
            head->values[2][i * columns + j] = value;
            head->masked[2][i * columns + j] = !any;
        }
    difference->rows = rows;
    difference->columns = columns;
    difference->row_step = step[0];
    difference->column_step = step[1];
    difference->row_labels = difference->column_labels = NULL;
    head->maps[2].title = "B − A (furthest from 0)";
}

/* A and B with one bar of weights, and to their right B − A with its own. */
static bool draw_head(struct figure *figure, struct diff_drawing *head, bool has_sign, struct font *font,
                      struct error *error)
{
    struct drawing weights = {
        .title = head->head,
        .maps = head->maps,
        .map_count = 2,
        .across = 2,
        .rows = head->rows.count,
        .columns = head->columns.count,
        .row_labels = (const char *const *)head->rows.labels,
        .column_labels = (const char *const *)head->columns.labels,
        .row_axis = "query",
        .column_axis = "key",
        .measure = "attention weight",
        .is_weight = !has_sign,
        .is_signed = has_sign,
        .style = {.dpi_scale = 1, .has_vmin = !has_sign},
    };
    struct drawing difference = weights;
    difference.title = head->largest;
    difference.maps = head->maps + 2;
    difference.map_count = difference.across = 1;
    difference.measure = "difference of weights";
    difference.is_signed = true;
    difference.is_weight = difference.style.has_vmin = false;
    struct figure left = {0}, right = {0};
    const double y = (double)figure->height;
    bool ok = layout_figure(&left, &weights, font, error);
    if (ok)
        difference_match(&difference, head, figure_panel(&left));
    ok = ok && layout_figure(&right, &difference, font, error) && figure_append(figure, &left, 0, y, error) &&
         figure_append(figure, &right, (double)left.width, y, error);
    figure_free(&left);
    figure_free(&right);
    return ok;
}

/* Weights of a recurrence, and differences of weights, may be negative. */
static bool side_has_sign(const struct diff_view *view)
{
    const struct excerpt *excerpt = view->excerpt;
    const struct settings *settings =
        &excerpt->result->problem->layers[excerpt->layer_index[view->l]].settings;
    return settings->recurrence != RECURRENCE_NONE || settings_have(settings, SETTING_DIFFERENTIAL);
}

static bool draw_heads(struct figure *figure, const struct diff_report *report, struct font *font,
                       struct error *error)
{
    bool ok = true;
    for (size_t i = 0; ok && i < report->count; i++) {
        const struct diff_head *head = report->lines[i].diff;
        struct diff_drawing drawing = {0};
        if (!head->match)
            continue;
        ok = drawing_make(&drawing, report, head, error) &&
             draw_head(figure, &drawing, side_has_sign(&head->side[0]) || side_has_sign(&head->side[1]), font,
                       error) &&
             layout_check_size(figure, error);
        drawing_free(&drawing);
    }
    if (ok && figure->count == 0)
        return error_set(error, ERROR_USAGE, "there is nothing to draw: no head is on both sides");
    return ok;
}

bool diff_picture(struct out *out, const struct diff_report *report, const struct font_file *font,
                  const struct painter *painter, struct error *error)
{
    struct paint_kit kit = {0};
    struct figure figure = {0};
    const bool ok = paint_kit_open(&kit, font, error) && draw_heads(&figure, report, kit.font, error) &&
                    painter->paint(&kit, &figure, out, error);
    figure_free(&figure);
    paint_kit_free(&kit);
    return ok;
}
