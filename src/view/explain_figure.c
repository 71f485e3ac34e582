#include "view/explain_figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/label_text.h"
#include "base/text.h"
#include "figure/label.h"
#include "figure/layout.h"
#include "figure/typeset.h"
#include "view/explain_cells.h"

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

/* The most keys that have a line. */
enum { KEYS_MOST = 1000 };
/* And the most heads. */
enum { HEADS_MOST = 8 };

/* A figure in the making. */
struct slide {
    struct explain_cells cells;
    struct figure *figure;
    struct font *font;
    struct error *error;
    size_t heaviest; /* the key with the largest weight, of those that have a line */
    double largest;  /* weight of a whole bar */
    double y;        /* where the next line begins */
};

/* ---- placing ---- */

static double line_size(const struct cells_line *line)
{
    return line->kind == LINE_HEADING ? HEADING_SIZE : CELL_SIZE;
}

/* Makes a column as wide as its cells. */
static bool column_measure(struct slide *slide, struct cells_column *column)
{
    struct cells_line line;
    column->width = column->kind == CELL_BAR ? BAR_WIDTH : 0;
    for (size_t l = 0; explain_cells_line(&slide->cells, l, &line); l++) {
        char *text;
        double width = 0;
        bool ok =
            explain_cells_text(&slide->cells, column, &line, &text, slide->error) &&
            (!text || typeset_text(slide->font, text, line_size(&line), NULL, NULL, &width, slide->error));
        free(text);
        if (!ok)
            return false;
        column->width = fmax(column->width, width);
    }
    return true;
}

/* Places the columns from left to right, without the sums of all scores where these would make the picture too wide. */
static bool columns_place(struct slide *slide)
{
    struct explain_cells *cells = &slide->cells;
    double x = 0;
    for (int attempt = 0; attempt == 0 || (attempt == 1 && x > WIDEST); attempt++) {
        cells->writes_products = attempt == 0;
        x = PAD;
        for (size_t c = 0; c < cells->count; c++) {
            if (!column_measure(slide, &cells->columns[c]))
                return false;
            cells->columns[c].x = x;
            x += cells->columns[c].width + COLUMN_GAP;
        }
        x += PAD - COLUMN_GAP;
    }
    slide->figure->width = (float)fmax(slide->figure->width, x);
    return true;
}

/* Finds the weight of a whole bar, and the key with the largest. */
static void slide_weigh(struct slide *slide)
{
    const struct explain_cells *cells = &slide->cells;
    const struct explain_steps *steps = cells->steps;
    const double *weights = cells->columns[cells->count - 1].of->values;
    slide->largest = 1;
    slide->heaviest = steps->rows[0];
    for (size_t r = 0; r < steps->row_count; r++) {
        const size_t key = steps->rows[r];
        slide->largest = fmax(slide->largest, fabs(weights[key]));
        slide->heaviest = weights[key] > weights[slide->heaviest] ? key : slide->heaviest;
    }
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

static bool bar_of_weight(struct slide *slide, const struct cells_column *column, size_t key)
{
    const double weight = column->of->values[key], y = slide->y + (ROW_HEIGHT - BAR_HEIGHT) / 2,
                 width = isfinite(weight) ? fabs(weight) / slide->largest * BAR_WIDTH : 0;
    return figure_rect(slide->figure, column->x, y, BAR_WIDTH, BAR_HEIGHT, ground, slide->error) &&
           (width == 0 || figure_rect(slide->figure, column->x, y, width, BAR_HEIGHT,
                                      weight < 0 ? negative : positive, slide->error));
}

static bool cell_draw(struct slide *slide, const struct cells_column *column, const struct cells_line *line)
{
    const bool right = column->kind == CELL_NUMBER,
               masked = line->kind == LINE_KEY && !slide->cells.steps->allowed[line->key];
    if (column->kind == CELL_BAR)
        return line->kind != LINE_KEY || bar_of_weight(slide, column, line->key);
    char *text;
    bool ok = explain_cells_text(&slide->cells, column, line, &text, slide->error);
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

static bool line_draw(struct slide *slide, const struct cells_line *line)
{
    if (line->kind == LINE_SUM && !rule_draw(slide))
        return false;
    for (size_t c = 0; c < slide->cells.count; c++)
        if (!cell_draw(slide, &slide->cells.columns[c], line))
            return false;
    slide->y += ROW_HEIGHT;
    return line->kind != LINE_HEADING || rule_draw(slide);
}

/* How q is made: the terms of the first step, those that are written out smaller. */
static bool query_draw(struct slide *slide)
{
    const struct explain_step *step = &slide->cells.steps->steps[0];
    for (size_t t = 0; t < step->term_count; t++) {
        const struct explain_term *term = &step->terms[t];
        struct out out;
        char *text, number[24];
        out_begin(&out, -1, "a picture");
        out_format(&out, "%s = ", term->name);
        if (term->written)
            out_format(&out, "%s = %s", term->written, label_number(term->number, number));
        else
            explain_cells_put_vector(&out, term->vector, NULL, term->count, NULL);
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
    const struct explain_step *step = slide->cells.sum;
    struct out out;
    char *text;
    if (!step)
        return true;
    out_begin(&out, -1, "a picture");
    out_text(&out, "output = ");
    explain_cells_put_vector(&out, NULL, step->total, step->total_count, NULL);
    if (step->addend)
        out_format(&out, ", with %s", step->addend);
    if (step->carried) {
        out_format(&out, ",   output%s = ", step->onward);
        explain_cells_put_vector(&out, NULL, step->carried, step->carried_count, NULL);
    }
    const bool ok = out_end_text(&out, &text, slide->error) && text_draw(slide, text, QUERY_SIZE, ink);
    free(text);
    return ok;
}

/* "head 0: (1, 2)·w_o = (3, 4)", or a vector that is added to those of heads. */
static bool part_draw(struct slide *slide, const struct explain_term *term)
{
    struct out out;
    char *text;
    out_begin(&out, -1, "a picture");
    out_format(&out, "%s%s", term->name, term->head ? ": " : " = ");
    explain_cells_put_vector(&out, term->vector, term->head, term->count, NULL);
    if (term->head) {
        out_text(&out, "·w_o = ");
        explain_cells_put_vector(&out, NULL, term->carried, term->carried_count, NULL);
    }
    const bool ok = out_end_text(&out, &text, slide->error) && text_draw(slide, text, FORMULA_SIZE, pale);
    free(text);
    return ok;
}

/* The parts of all heads, of many the first, and what they add up to. */
static bool concat_draw(struct slide *slide)
{
    const struct explain_step *step = slide->cells.concat;
    struct out out;
    char *text;
    bool ok = true;
    for (size_t t = 0; ok && t < step->term_count; t++) {
        const struct explain_term *term = &step->terms[t];
        if (term->head && t == HEADS_MOST)
            ok = text_draw(slide, "…", FORMULA_SIZE, pale);
        else if (!term->head || t < HEADS_MOST)
            ok = part_draw(slide, term);
    }
    if (!ok)
        return false;
    out_begin(&out, -1, "a picture");
    out_format(&out, "heads concatenated·w_o%s = ", step->terms[step->term_count - 1].head ? "" : " + b_o");
    explain_cells_put_vector(&out, NULL, step->total, step->total_count, NULL);
    ok = out_end_text(&out, &text, slide->error) && text_draw(slide, text, QUERY_SIZE, ink);
    free(text);
    return ok;
}

static bool title_draw(struct slide *slide, const char *title)
{
    const struct explain_steps *steps = slide->cells.steps;
    char name[160], *text;
    struct out out;
    if (title && *title && !text_draw(slide, title, TITLE_SIZE, ink))
        return false;
    label_numbered(steps->query, labels_shown(steps->tokens)[steps->query], name);
    out_begin(&out, -1, "a picture");
    out_format(&out, "layer %zu, head %zu: query %s", steps->layer, steps->head, name);
    const bool ok = out_end_text(&out, &text, slide->error) &&
                    text_draw(slide, text, title && *title ? QUERY_SIZE : TITLE_SIZE, ink);
    free(text);
    return ok;
}

/* The score of the heaviest key as a sum, where no key has its own. */
static bool score_draw(struct slide *slide)
{
    const struct explain_term *term = explain_cells_term(slide->cells.scores, slide->heaviest);
    if (!term || !term->written || (term->vector && slide->cells.writes_products))
        return true;
    char name[160], number[24], *text;
    struct out out;
    label_numbered(term->key, labels_shown(slide->cells.steps->key_tokens)[term->key], name);
    out_begin(&out, -1, "a picture");
    out_format(&out, "with key %s: %s = %s", name, term->written, label_number(term->number, number));
    const bool ok = out_end_text(&out, &text, slide->error) && text_draw(slide, text, FORMULA_SIZE, pale);
    free(text);
    return ok;
}

/* The table, between the formulas that its numbers come by and what they become. */
static bool table_draw(struct slide *slide)
{
    const struct explain_steps *steps = slide->cells.steps;
    struct cells_line line;
    bool ok = columns_place(slide);
    slide_weigh(slide);
    slide->y += 6;
    for (size_t s = 1; ok && s < steps->step_count; s++) {
        const struct explain_step *step = &steps->steps[s];
        ok = step->total || !step->formula || lines_draw(slide, step->formula, FORMULA_SIZE, pale);
        ok = ok && (step != slide->cells.scores || score_draw(slide));
    }
    slide->y += 14;
    for (size_t l = 0; ok && explain_cells_line(&slide->cells, l, &line); l++)
        ok = line_draw(slide, &line);
    return ok && onward_draw(slide) && (!slide->cells.concat || concat_draw(slide));
}

bool explain_figure(struct figure *figure, const struct explain_steps *steps, const char *title,
                    struct font *font, struct error *error)
{
    struct slide slide = {.figure = figure, .font = font, .error = error, .y = PAD - 10};
    if (steps->row_count > KEYS_MOST)
        return error_set(error, ERROR_USAGE, "a picture of %zu keys: expected at most %d of them, by --rows",
                         steps->row_count, KEYS_MOST);
    explain_cells_begin(&slide.cells, steps);
    if (!title_draw(&slide, title) || !query_draw(&slide) || !table_draw(&slide))
        return false;
    figure->height = (float)(slide.y + PAD);
    return true;
}
