#include "view/explain_figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/label_text.h"
#include "base/text.h"
#include "figure/label.h"
#include "figure/layout.h"
#include "figure/typeset.h"
#include "view/vector_text.h"

#define PAD 24.0
#define TITLE_SIZE 22.0
#define QUERY_SIZE 19.0
#define CELL_SIZE 17.0
#define HEADING_SIZE 15.0
#define FORMULA_SIZE 15.0
#define LINE 1.5 /* from one baseline to the next, in ems */
#define ROW_HEIGHT 30.0
#define BASELINE 20.0 /* from the upper edge of a row to its text */
#define COLUMN_GAP 26.0
#define WIDEST 1600.0 /* of a table that has all sums: on a slide its text is still as high as a 45th of it */
#define BAR_WIDTH 150.0
#define BAR_HEIGHT 16.0

static const struct color ink = {0x22, 0x22, 0x22}, pale = {0x70, 0x70, 0x70}, faint = {0xb4, 0xb4, 0xb4},
                          ground = {0xec, 0xec, 0xec}, positive = {0x31, 0x68, 0x8e},
                          negative = {0xb2, 0x18, 0x2b};

/* The most keys that have a line, and how many numbers of a long vector are shown. */
enum { KEYS_MOST = 1000, NUMBERS_SHOWN = 4, NUMBERS_BEGUN = 3 };
#define REST ", …"

enum slide_kind { CELL_NAME, CELL_VECTOR, CELL_NUMBER, CELL_BAR, CELL_TERM };
struct slide_column {
    enum slide_kind kind;
    const struct explain_column *of; /* of vectors, numbers and the bar */
    double x, width;
};

enum line_kind { LINE_HEADING, LINE_KEY, LINE_OTHERS, LINE_SINK, LINE_SUM };
struct slide_line {
    enum line_kind kind;
    size_t key;
};

enum { SLIDE_COLUMNS = EXPLAIN_COLUMNS + 3 };

/* A figure in the making. */
struct slide {
    const struct explain_steps *steps;
    const struct explain_step *scores, *sum; /* those with terms of keys; NULL: there is none */
    struct figure *figure;
    struct font *font;
    struct error *error;
    struct slide_column columns[SLIDE_COLUMNS];
    size_t count;
    bool
        writes_products; /* sums stand before the scores of all keys; otherwise that of the heaviest stands above */
    size_t heaviest; /* the key with the largest weight, of those that have a line */
    double largest;  /* weight of a whole bar */
    double y;        /* where the next line begins */
};

/* ---- what is written in a cell ---- */

/* A vector, whole where it is short; of a longer one how it begins, and `rest`. */
static void put_vector(struct out *out, const float *single, const double *doubled, size_t count,
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

/* The term of a key in a step, or NULL. */
static const struct explain_term *term_of(const struct explain_step *step, size_t key)
{
    for (size_t t = 0; step && t < step->term_count; t++)
        if (!step->terms[t].name && step->terms[t].key == key)
            return &step->terms[t];
    return NULL;
}

static void put_name(const struct slide *slide, const struct slide_line *line, struct out *out)
{
    const struct explain_steps *steps = slide->steps;
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
static void put_column_number(const struct slide *slide, const struct explain_column *column,
                              const struct slide_line *line, struct out *out)
{
    const struct explain_steps *steps = slide->steps;
    const bool is_last = column == slide->columns[slide->count - 1].of;
    char text[24];
    if (line->kind == LINE_KEY) {
        const bool of_terms = slide->writes_products && slide->scores && column->name &&
                              strcmp(column->name, slide->scores->column) == 0;
        const struct explain_term *term = of_terms ? term_of(slide->scores, line->key) : NULL;
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
static void put_term(const struct slide *slide, const struct slide_line *line, struct out *out)
{
    const struct explain_term *term = line->kind == LINE_KEY ? term_of(slide->sum, line->key) : NULL;
    char text[24];
    if (line->kind == LINE_HEADING)
        put_column_heading(out, "weight·v", slide->sum->total_count);
    else if (line->kind == LINE_OTHERS)
        out_text(out, slide->sum->has_more ? "…" : "");
    else if (line->kind == LINE_SUM)
        put_vector(out, NULL, slide->sum->total, slide->sum->total_count, REST);
    if (term) {
        out_format(out, "%s · ", label_number(term->number, text));
        put_vector(out, term->vector, NULL, term->count, REST);
    }
}

static void put_cell(const struct slide *slide, const struct slide_column *column,
                     const struct slide_line *line, struct out *out)
{
    const struct explain_column *of = column->of;
    switch (column->kind) {
    case CELL_NAME:
        put_name(slide, line, out);
        break;
    case CELL_VECTOR:
        if (line->kind == LINE_HEADING)
            put_column_heading(out, of->name, of->width);
        else if (line->kind == LINE_KEY)
            put_vector(out, of->vector.data + line->key * of->vector.row, NULL, of->width, REST);
        break;
    case CELL_NUMBER:
        if (line->kind == LINE_HEADING)
            out_text(out, of->heading);
        else
            put_column_number(slide, of, line, out);
        break;
    case CELL_TERM:
        put_term(slide, line, out);
        break;
    case CELL_BAR:
        break;
    }
}

/* ---- placing ---- */

/* The text of a cell, an owned string; NULL where it is empty, or without memory. */
static bool slide_text(const struct slide *slide, const struct slide_column *column,
                       const struct slide_line *line, char **text)
{
    struct out out;
    out_begin(&out, -1, "a picture");
    put_cell(slide, column, line, &out);
    return out_end_text(&out, text, slide->error);
}

/* Calls for each line of the table, from above. */
static bool each_line(struct slide *slide, bool (*call)(struct slide *slide, const struct slide_line *line))
{
    const struct explain_steps *steps = slide->steps;
    struct slide_line line = {.kind = LINE_HEADING};
    bool ok = call(slide, &line);
    for (size_t r = 0; ok && r < steps->row_count; r++) {
        line = (struct slide_line){.kind = LINE_KEY, .key = steps->rows[r]};
        ok = call(slide, &line);
    }
    line.kind = LINE_OTHERS;
    ok = ok && (steps->row_count == steps->key_count || call(slide, &line));
    line.kind = LINE_SINK;
    ok = ok && (!steps->has_sink || call(slide, &line));
    line.kind = LINE_SUM;
    return ok && call(slide, &line);
}

static double line_size(const struct slide_line *line)
{
    return line->kind == LINE_HEADING ? HEADING_SIZE : CELL_SIZE;
}

/* Makes the columns as wide as the cells of a line. */
static bool line_measure(struct slide *slide, const struct slide_line *line)
{
    for (size_t c = 0; c < slide->count; c++) {
        char *text;
        double width = 0;
        bool ok =
            slide_text(slide, &slide->columns[c], line, &text) &&
            (!text || typeset_text(slide->font, text, line_size(line), NULL, NULL, &width, slide->error));
        free(text);
        if (!ok)
            return false;
        slide->columns[c].width = fmax(slide->columns[c].width, width);
    }
    return true;
}

static void column_put(struct slide *slide, enum slide_kind kind, const struct explain_column *of)
{
    slide->columns[slide->count++] =
        (struct slide_column){.kind = kind, .of = of, .width = kind == CELL_BAR ? BAR_WIDTH : 0};
}

/* The columns: names, the vectors that come before the numbers, the numbers, the bar of the last, the terms of the sum. */
static bool columns_measure(struct slide *slide)
{
    const struct explain_steps *steps = slide->steps;
    const struct explain_column *last = NULL;
    column_put(slide, CELL_NAME, NULL);
    for (size_t c = 0; c < steps->column_count; c++) {
        const struct explain_column *column = &steps->columns[c];
        if (!column->values && !last)
            column_put(slide, CELL_VECTOR, column);
        if (!column->heading[0])
            continue;
        column_put(slide, CELL_NUMBER, column);
        last = column;
    }
    column_put(slide, CELL_BAR, last);
    if (slide->sum)
        column_put(slide, CELL_TERM, last);
    return each_line(slide, line_measure);
}

/* Places the columns from left to right, without the sums of all scores where these would make the picture too wide. */
static bool columns_place(struct slide *slide)
{
    double x = 0;
    for (int attempt = 0; attempt == 0 || (attempt == 1 && x > WIDEST); attempt++) {
        slide->writes_products = attempt == 0;
        slide->count = 0;
        if (!columns_measure(slide))
            return false;
        x = PAD;
        for (size_t c = 0; c < slide->count; c++) {
            slide->columns[c].x = x;
            x += slide->columns[c].width + COLUMN_GAP;
        }
        x += PAD - COLUMN_GAP;
    }
    slide->figure->width = (float)fmax(slide->figure->width, x);
    const struct explain_steps *steps = slide->steps;
    const double *weights = slide->columns[slide->count - 1].of->values;
    slide->largest = 1;
    slide->heaviest = steps->rows[0];
    for (size_t r = 0; r < steps->row_count; r++) {
        slide->largest = fmax(slide->largest, fabs(weights[steps->rows[r]]));
        slide->heaviest =
            weights[steps->rows[r]] > weights[slide->heaviest] ? steps->rows[r] : slide->heaviest;
    }
    return true;
}

/* ---- drawing ---- */

/* A line of text over the whole width, which makes the figure wide enough for it. */
static bool text_draw(struct slide *slide, const char *text, double size, struct color color)
{
    char shown[LABEL_SIZE];
    double width;
    slide->y += size * LINE;
    if (!label_show(shown, text, false, slide->font, size, INFINITY, slide->error) ||
        !typeset_text(slide->font, shown, size, NULL, NULL, &width, slide->error))
        return false;
    slide->figure->width = (float)fmax(slide->figure->width, width + 2 * PAD);
    return figure_text(slide->figure, PAD, slide->y, size, ANCHOR_START, false, color, shown, slide->error);
}

/* Lines, each by itself. */
static bool lines_draw(struct slide *slide, const char *lines, double size, struct color color)
{
    while (*lines) {
        const size_t length = strcspn(lines, "\n");
        char *line = text_copy_part(lines, length);
        const bool ok = (line || error_memory(slide->error, length)) && text_draw(slide, line, size, color);
        free(line);
        if (!ok)
            return false;
        lines += length + (lines[length] == '\n');
    }
    return true;
}

static bool bar_of_weight(struct slide *slide, const struct slide_column *column, size_t key)
{
    const double weight = column->of->values[key], y = slide->y + (ROW_HEIGHT - BAR_HEIGHT) / 2,
                 width = isfinite(weight) ? fabs(weight) / slide->largest * BAR_WIDTH : 0;
    return figure_rect(slide->figure, column->x, y, BAR_WIDTH, BAR_HEIGHT, ground, slide->error) &&
           (width == 0 || figure_rect(slide->figure, column->x, y, width, BAR_HEIGHT,
                                      weight < 0 ? negative : positive, slide->error));
}

static bool cell_draw(struct slide *slide, const struct slide_column *column, const struct slide_line *line)
{
    const bool right = column->kind == CELL_NUMBER,
               masked = line->kind == LINE_KEY && !slide->steps->allowed[line->key];
    if (column->kind == CELL_BAR)
        return line->kind != LINE_KEY || bar_of_weight(slide, column, line->key);
    char *text;
    bool ok = slide_text(slide, column, line, &text);
    if (ok && text)
        ok = figure_text(slide->figure, column->x + (right ? column->width : 0), slide->y + BASELINE,
                         line_size(line), right ? ANCHOR_END : ANCHOR_START, false,
                         line->kind == LINE_HEADING || masked ? pale : ink, text, slide->error);
    free(text);
    return ok;
}

static bool rule_draw(struct slide *slide)
{
    return figure_rect(slide->figure, PAD, slide->y, slide->figure->width - 2 * PAD, 1, faint, slide->error);
}

static bool line_draw(struct slide *slide, const struct slide_line *line)
{
    if (line->kind == LINE_SUM && !rule_draw(slide))
        return false;
    for (size_t c = 0; c < slide->count; c++)
        if (!cell_draw(slide, &slide->columns[c], line))
            return false;
    slide->y += ROW_HEIGHT;
    return line->kind != LINE_HEADING || rule_draw(slide);
}

/* How q is made: the terms of the first step, those that are written out smaller. */
static bool query_draw(struct slide *slide)
{
    const struct explain_step *step = &slide->steps->steps[0];
    for (size_t t = 0; t < step->term_count; t++) {
        const struct explain_term *term = &step->terms[t];
        struct out out;
        char *text, number[24];
        out_begin(&out, -1, "a picture");
        out_format(&out, "%s = ", term->name);
        if (term->written)
            out_format(&out, "%s = %s", term->written, label_number(term->number, number));
        else
            put_vector(&out, term->vector, NULL, term->count, NULL);
        out_text(&out, term->note ? term->note : "");
        const bool ok =
            out_end_text(&out, &text, slide->error) &&
            text_draw(slide, text, term->written ? FORMULA_SIZE : QUERY_SIZE, term->written ? pale : ink);
        free(text);
        if (!ok)
            return false;
    }
    return true;
}

/* What the sum becomes behind the table. */
static bool onward_draw(struct slide *slide)
{
    const struct explain_step *step = slide->sum;
    struct out out;
    char *text;
    if (!step)
        return true;
    out_begin(&out, -1, "a picture");
    out_text(&out, "output = ");
    put_vector(&out, NULL, step->total, step->total_count, NULL);
    if (step->addend)
        out_format(&out, ", with %s", step->addend);
    if (step->carried) {
        out_format(&out, ",   output%s = ", step->onward);
        put_vector(&out, NULL, step->carried, step->carried_count, NULL);
    }
    const bool ok = out_end_text(&out, &text, slide->error) && text_draw(slide, text, QUERY_SIZE, ink);
    free(text);
    return ok;
}

static bool title_draw(struct slide *slide, const char *title)
{
    const struct explain_steps *steps = slide->steps;
    char label[128], *text;
    struct out out;
    if (title && *title && !text_draw(slide, title, TITLE_SIZE, ink))
        return false;
    label_text(labels_shown(steps->tokens)[steps->query], label);
    out_begin(&out, -1, "a picture");
    out_format(&out, "layer %zu, head %zu: query %zu %s", steps->layer, steps->head, steps->query, label);
    const bool ok = out_end_text(&out, &text, slide->error) &&
                    text_draw(slide, text, title && *title ? QUERY_SIZE : TITLE_SIZE, ink);
    free(text);
    return ok;
}

/* The score of the heaviest key as a sum, where no key has its own. */
static bool score_draw(struct slide *slide)
{
    const struct explain_term *term = term_of(slide->scores, slide->heaviest);
    if (!term || !term->written || (term->vector && slide->writes_products))
        return true;
    char label[128], number[24], *text;
    struct out out;
    label_text(labels_shown(slide->steps->key_tokens)[term->key], label);
    out_begin(&out, -1, "a picture");
    out_format(&out, "with key %zu %s: %s = %s", term->key, label, term->written,
               label_number(term->number, number));
    const bool ok = out_end_text(&out, &text, slide->error) && text_draw(slide, text, FORMULA_SIZE, pale);
    free(text);
    return ok;
}

/* The table, between the formulas that its numbers come by and what they become. */
static bool table_draw(struct slide *slide)
{
    const struct explain_steps *steps = slide->steps;
    bool ok = columns_place(slide);
    slide->y += 6;
    for (size_t s = 1; ok && s < steps->step_count; s++) {
        const struct explain_step *step = &steps->steps[s];
        ok = step->total || !step->formula || lines_draw(slide, step->formula, FORMULA_SIZE, pale);
        ok = ok && (step != slide->scores || score_draw(slide));
    }
    slide->y += 14;
    return ok && each_line(slide, line_draw) && onward_draw(slide);
}

bool explain_figure(struct figure *figure, const struct explain_steps *steps, const char *title,
                    struct font *font, struct error *error)
{
    struct slide slide = {.steps = steps, .figure = figure, .font = font, .error = error, .y = PAD - 10};
    if (steps->row_count > KEYS_MOST)
        return error_set(error, ERROR_USAGE, "a picture of %zu keys: expected at most %d of them, by --rows",
                         steps->row_count, KEYS_MOST);
    for (size_t s = 0; s < steps->step_count; s++) {
        const struct explain_step *step = &steps->steps[s];
        if (step->total && !step->is_silent)
            slide.sum = step;
        else if (step->column)
            slide.scores = step;
    }
    if (!title_draw(&slide, title) || !query_draw(&slide) || !table_draw(&slide))
        return false;
    figure->height = (float)(slide.y + PAD);
    return true;
}
