/*
 * Lists of tokens: one a line, as it stands there; or a column of a table that pandas, R or a spreadsheet wrote,
 * whose cells may be quoted, perhaps behind a column that counts the rows.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"
#include "read/csv_private.h"

bool csv_add_label(struct labels *labels, size_t *room, char *text, struct error *error)
{
    if (text && labels->count == *room) {
        size_t wanted = *room ? 2 * *room : 16;
        if (!memory_resize(&labels->text, wanted, sizeof *labels->text, error)) {
            free(text);
            return false;
        }
        *room = wanted;
    }
    if (!text)
        return false;
    labels->text[labels->count++] = text;
    return true;
}

/* How a file holds tokens. */
struct tokens_layout {
    size_t columns; /* 0: lines as they are; 1: cells; 2: cells behind a count of the rows */
    bool header;    /* the first line names the columns */
};

/* The whole number that the cell is; SIZE_MAX for anything else. */
static size_t cell_count(const struct cell *cell)
{
    size_t value = 0;
    const char *p = cell->start;
    for (; p < cell->end && *p >= '0' && *p <= '9' && value < SIZE_MAX / 20; p++)
        value = value * 10 + (size_t)(*p - '0');
    return p == cell->end && p > cell->start ? value : SIZE_MAX;
}

/* Finds how the file holds its tokens. Lines are cells only where all of them are: a token may be a comma, and
 * may begin with a quote. */
static struct tokens_layout find_layout(struct csv csv)
{
    struct error ignored = {0};
    struct tokens_layout layout = {0}, lines = {0};
    struct cell cell, token = {0};
    bool quoted = false;
    size_t row = 0, first = 0;
    csv.error = &ignored;
    for (; csv.at < csv.end; row++) {
        if (!csv_cell(&csv, &cell))
            return lines;
        size_t columns = cell.last ? 1 : 2;
        if (columns == 2 && (!csv_cell(&csv, &token) || !token.last))
            return lines;
        if (row == 0)
            layout.columns = columns;
        if (row == 0 && columns == 2)
            layout.header = csv_cell_empty(&cell) || csv_names_labels(&cell) || csv_names_count(&cell);
        quoted = quoted || cell.quoted;
        /* R counts rows from 1. */
        if (columns == 2 && row == layout.header)
            first = cell_count(&cell);
        if (columns != layout.columns || (columns == 2 && row >= layout.header &&
                                          (first > 1 || cell_count(&cell) != first + row - layout.header)))
            return lines;
    }
    return layout.columns == 2 || quoted ? layout : lines;
}

/* A line as it stands; blanks in it belong to its token. */
static void line_cell(struct csv *csv, struct cell *cell)
{
    const char *line = memchr(csv->at, '\n', (size_t)(csv->end - csv->at));
    *cell = (struct cell){.start = csv->at, .end = line ? line : csv->end};
    csv->at = line ? line + 1 : csv->end;
    if (cell->end > cell->start && cell->end[-1] == '\r')
        cell->end--;
}

static bool is_word_gap(char c)
{
    return c == ' ' || c == '\t';
}

/* Whether a line of the text has several words, blanks between them: the lines are sentences. */
static bool has_sentences(struct csv csv)
{
    while (csv.at < csv.end) {
        struct cell cell;
        line_cell(&csv, &cell);
        const char *p = cell.start, *end = cell.end;
        while (p < end && is_word_gap(*p))
            p++;
        while (end > p && is_word_gap(end[-1]))
            end--;
        while (p < end && !is_word_gap(*p))
            p++;
        if (p < end)
            return true;
    }
    return false;
}

/* Reads the words of the line that is wanted of a file of sentences. */
static bool read_sentence_line(struct csv *csv, struct labels *labels, size_t wanted)
{
    struct cell line = {.start = csv->at, .end = csv->at};
    size_t lines = 0, room = 0;
    for (; csv->at < csv->end && lines <= wanted; lines++)
        line_cell(csv, &line);
    if (lines <= wanted)
        return error_set(csv->error, ERROR_USAGE,
                         "%s: there is no line %zu, counted from 0: expected a line for "
                         "each sentence",
                         csv->source->name, wanted);
    labels->is_sentence = true;
    for (const char *at = line.start; at < line.end;) {
        const char *stop = at;
        while (stop < line.end && !is_word_gap(*stop))
            stop++;
        const struct cell word = {.start = at, .end = stop};
        if (stop > at && !csv_add_label(labels, &room, csv_cell_text(csv, &word, csv->error), csv->error))
            return false;
        at = stop < line.end ? stop + 1 : stop;
    }
    return true;
}

/* Reads a label a line, or a row of a table. */
static bool read_token_rows(struct csv *csv, struct labels *labels, struct tokens_layout layout,
                            enum read_header header)
{
    size_t room = 0, skip = layout.header || header == HEADER_YES;
    bool ok = true;
    for (size_t row = 0; ok && csv->at < csv->end; row++) {
        struct cell cell;
        if (layout.columns == 0)
            line_cell(csv, &cell);
        for (size_t i = 0; ok && i < layout.columns; i++)
            ok = csv_cell(csv, &cell);
        if (row == 0 && !skip && header == HEADER_GUESSED)
            labels->header = csv_names_labels(&cell) || csv_cell_is(&cell, "0") || csv_cell_is(&cell, "x")
                                 ? LABELS_HEADER_LIKELY
                                 : LABELS_HEADER_POSSIBLE;
        if (row >= skip)
            ok = ok && csv_add_label(labels, &room, csv_cell_text(csv, &cell, csv->error), csv->error);
    }
    return ok;
}

bool csv_read_tokens(struct csv *csv, struct labels *to, const struct read_target *target)
{
    struct labels labels = {.given = true, .place = source_place(csv->source, 0)};
    struct tokens_layout layout = {0};
    const char *name = csv->source->name;
    csv->mark = '.';
    csv->delimiter = text_ends_caseless(name, ".tsv") ? '\t' : ',';
    const bool is_table = csv->delimiter == '\t' || text_ends_caseless(name, ".csv");
    if (is_table)
        layout = find_layout(*csv);
    const bool ok = (target->has_batch && !is_table && has_sentences(*csv)
                         ? read_sentence_line(csv, &labels, target->batch)
                         : read_token_rows(csv, &labels, layout, target->header)) &&
                    inputs_put_labels(to, &labels, target->called, csv->error);
    labels_free(&labels);
    return ok;
}
