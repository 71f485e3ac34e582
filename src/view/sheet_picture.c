#include "view/sheet_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "view/drawing_paint.h"

enum { ROW_NAME = 48 };

/* What the drawing points to; owned. */
struct pairs_drawing {
    size_t *rows; /* of the sheet, in order */
    float *values;
    char (*names)[ROW_NAME];
    const char **labels;
    char *title;
};

/* The rows that are shown, the smallest number of the column first. */
static void order_rows(const struct sheet *sheet, size_t column, size_t *rows)
{
    for (size_t i = 0; i < sheet->shown_count; i++) {
        const double number = sheet_cell(sheet, sheet->order[i], column)->number;
        size_t at = i;
        for (; at > 0 && sheet_cell(sheet, rows[at - 1], column)->number > number; at--)
            rows[at] = rows[at - 1];
        rows[at] = sheet->order[i];
    }
}

static bool fill_pairs(struct pairs_drawing *made, const struct sheet *sheet, size_t column,
                       struct error *error)
{
    const size_t count = sheet->shown_count;
    made->rows = memory_alloc(count, sizeof *made->rows, error);
    made->values = made->rows ? memory_alloc(count * count, sizeof *made->values, error) : NULL;
    made->names = made->values ? memory_alloc(count, sizeof *made->names, error) : NULL;
    made->labels = made->names ? memory_alloc(count, sizeof *made->labels, error) : NULL;
    if (!made->labels)
        return false;
    order_rows(sheet, column, made->rows);
    for (size_t i = 0; i < count; i++) {
        snprintf(made->names[i], ROW_NAME, "%.0f.%.0f", sheet_cell(sheet, made->rows[i], 0)->number,
                 sheet_cell(sheet, made->rows[i], 1)->number);
        made->labels[i] = made->names[i];
        for (size_t j = 0; j < count; j++)
            made->values[i * count + j] =
                (float)sheet->pairs[made->rows[i] * sheet->row_count + made->rows[j]];
    }
    return true;
}

bool sheet_pairs_picture(struct out *out, const struct sheet *sheet, size_t column, const char *what,
                         const char *measure, const struct drawing_style *style,
                         const struct painter *painter, struct error *error)
{
    struct pairs_drawing made = {.title = text_format("%s%s%s", sheet->title ? sheet->title : "",
                                                      sheet->title && *sheet->title ? " · " : "", what)};
    bool ok = made.title || error_memory(error, 128);
    if (ok && fill_pairs(&made, sheet, column, error)) {
        const struct heatmap map = {.values = made.values};
        struct drawing drawing = {.title = made.title,
                                  .maps = &map,
                                  .map_count = 1,
                                  .rows = sheet->shown_count,
                                  .columns = sheet->shown_count,
                                  .row_labels = made.labels,
                                  .column_labels = made.labels,
                                  .row_step = 1,
                                  .column_step = 1,
                                  .row_axis = "layer.head",
                                  .column_axis = "layer.head",
                                  .measure = measure,
                                  .style = *style};
        if (!drawing.style.has_vmin) {
            drawing.style.has_vmin = true;
            drawing.style.vmin = 0;
        }
        ok = drawing_paint(out, &drawing, painter, error);
    } else {
        ok = false;
    }
    free(made.rows);
    free(made.values);
    free(made.names);
    free(made.labels);
    free(made.title);
    return ok;
}
