#include "view/explain_cells.h"

#include <string.h>

#include "base/label_text.h"
#include "view/vector_text.h"

/* How many numbers of a long vector are shown. */
enum { NUMBERS_SHOWN = 4, NUMBERS_BEGUN = 3 };
#define REST ", …"

/* ---- columns and lines ---- */

static void column_put(struct explain_cells *cells, enum explain_cell kind, const struct explain_column *of)
{
    cells->columns[cells->count++] = (struct cells_column){.kind = kind, .of = of};
}

void explain_cells_begin(struct explain_cells *cells, const struct explain_steps *steps)
{
    const struct explain_column *last = NULL;
    *cells = (struct explain_cells){.steps = steps};
    for (size_t s = 0; s < steps->step_count; s++) {
        const struct explain_step *step = &steps->steps[s];
        if (step->total && step->column && !step->is_silent)
            cells->sum = step;
        else if (step->column)
            cells->scores = step;
        else if (step->term_count > 0 && step->terms[0].head)
            cells->concat = step;
    }
    column_put(cells, CELL_NAME, NULL);
    for (size_t c = 0; c < steps->column_count; c++) {
        const struct explain_column *column = &steps->columns[c];
        if (!column->values && !last)
            column_put(cells, CELL_VECTOR, column);
        if (!column->heading[0])
            continue;
        column_put(cells, CELL_NUMBER, column);
        last = column;
    }
    column_put(cells, CELL_BAR, last);
    if (cells->sum)
        column_put(cells, CELL_TERM, last);
}

bool explain_cells_line(const struct explain_cells *cells, size_t number, struct cells_line *line)
{
    const struct explain_steps *steps = cells->steps;
    const bool is_key = number > 0 && number <= steps->row_count;
    enum line_kind below[3];
    size_t count = 0;
    if (steps->row_count < steps->key_count)
        below[count++] = LINE_OTHERS;
    if (steps->has_sink)
        below[count++] = LINE_SINK;
    below[count++] = LINE_SUM;
    if (number > steps->row_count + count)
        return false;
    line->kind = number == 0 ? LINE_HEADING : is_key ? LINE_KEY : below[number - 1 - steps->row_count];
    line->key = is_key ? steps->rows[number - 1] : 0;
    return true;
}

/* ---- what is written in a cell ---- */

void explain_cells_put_vector(struct out *out, const float *single, const double *doubled, size_t count,
                              const char *rest)
{
    vector_write(out, single, doubled, count, count <= NUMBERS_SHOWN ? NUMBERS_SHOWN : NUMBERS_BEGUN, rest);
}

/* The heading of vectors, which says how long they are where the cells do not. */
static void put_column_heading(struct out *out, const char *name, size_t count)
{
    out_text(out, name);
    if (count > NUMBERS_SHOWN)
        out_format(out, " (%zu numbers)", count);
}

const struct explain_term *explain_cells_term(const struct explain_step *step, size_t key)
{
    for (size_t t = 0; step && t < step->term_count; t++)
        if (!step->terms[t].name && step->terms[t].key == key)
            return &step->terms[t];
    return NULL;
}

static void put_name(const struct explain_cells *cells, const struct cells_line *line, struct out *out)
{
    const struct explain_steps *steps = cells->steps;
    const size_t others = steps->key_count - steps->row_count;
    char label[128];
    switch (line->kind) {
    case LINE_HEADING:
        out_text(out, "key");
        break;
    case LINE_KEY:
        label_text(labels_shown(steps->key_tokens)[line->key], label);
        /* The mark keeps what is written to the left from turning the number to its right. */
        out_format(out, "\u200E%zu  %s", line->key, label);
        break;
    case LINE_OTHERS:
        out_format(out, "%zu other%s", others, others == 1 ? "" : "s");
        break;
    case LINE_SINK:
        out_text(out, "sink");
        break;
    case LINE_SUM:
        out_text(out, "sum");
        break;
    }
}

/* The number of a column in a line, and before it the sum that it comes of, where that is short enough. */
static void put_column_number(const struct explain_cells *cells, const struct explain_column *column,
                              const struct cells_line *line, struct out *out)
{
    const struct explain_steps *steps = cells->steps;
    const bool is_last = column == cells->columns[cells->count - 1].of;
    char text[24];
    if (line->kind == LINE_KEY) {
        const bool of_terms = cells->writes_products && cells->scores && column->name &&
                              strcmp(column->name, cells->scores->column) == 0;
        const struct explain_term *term = of_terms ? explain_cells_term(cells->scores, line->key) : NULL;
        if (term && term->vector && term->written)
            out_format(out, "%s = ", term->written);
        out_text(out, label_number(column->values[line->key], text));
    } else if (line->kind == LINE_OTHERS) {
        out_text(out, is_last ? label_number(steps->rest, text) : "");
    } else if (column->summed) {
        out_text(out, label_number(line->kind == LINE_SINK ? column->sink : column->sum, text));
    }
}

/* A weight and a value, which are added up in the last line. */
static void put_term(const struct explain_cells *cells, const struct cells_line *line, struct out *out)
{
    const struct explain_term *term =
        line->kind == LINE_KEY ? explain_cells_term(cells->sum, line->key) : NULL;
    char text[24];
    if (line->kind == LINE_HEADING)
        put_column_heading(out, "weight·v", cells->sum->total_count);
    else if (line->kind == LINE_OTHERS)
        out_text(out, cells->sum->has_more ? "…" : "");
    else if (line->kind == LINE_SUM)
        explain_cells_put_vector(out, NULL, cells->sum->total, cells->sum->total_count, REST);
    if (term) {
        out_format(out, "%s · ", label_number(term->number, text));
        explain_cells_put_vector(out, term->vector, NULL, term->count, REST);
    }
}

static void put_cell(const struct explain_cells *cells, const struct cells_column *column,
                     const struct cells_line *line, struct out *out)
{
    const struct explain_column *of = column->of;
    switch (column->kind) {
    case CELL_NAME:
        put_name(cells, line, out);
        break;
    case CELL_VECTOR:
        if (line->kind == LINE_HEADING)
            put_column_heading(out, of->name, of->width);
        else if (line->kind == LINE_KEY)
            explain_cells_put_vector(out, of->vector.data + line->key * of->vector.row, NULL, of->width,
                                     REST);
        break;
    case CELL_NUMBER:
        if (line->kind == LINE_HEADING)
            out_text(out, of->heading);
        else
            put_column_number(cells, of, line, out);
        break;
    case CELL_TERM:
        put_term(cells, line, out);
        break;
    case CELL_BAR:
        break;
    }
}

bool explain_cells_text(const struct explain_cells *cells, const struct cells_column *column,
                        const struct cells_line *line, char **text, struct error *error)
{
    struct out out;
    out_begin(&out, -1, "a picture");
    put_cell(cells, column, line, &out);
    return out_end_text(&out, text, error);
}
