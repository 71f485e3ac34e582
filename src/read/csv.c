/*
 * The CSV reader: a matrix of numbers, with labels in its first column or without, with a header or without;
 * commas, tabs, semicolons or blanks between the cells. Also lists of tokens, one a line.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"
#include "read/csv_private.h"

struct table {
    float *data; /* rows*columns */
    size_t count, room;
    size_t rows, columns;
    unsigned holds;
    struct labels labels; /* of the rows; not given where the first column is numbers */
    size_t label_room;
    struct labels header; /* without the cell above the labels */
    size_t header_room;
};

static void table_free(struct table *table)
{
    free(table->data);
    labels_free(&table->labels);
    labels_free(&table->header);
}

/* Adds a label and owns its text from then on, also on failure. NULL: text could not be
 * made, and there is an error. */
static bool add_label(struct labels *labels, size_t *room, char *text, struct error *error)
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

/* ---- the header ---- */

/* Whether the line at csv->at is a header: its first cell is empty, as pandas writes it (*corner), or no cell
 * behind the first is a number, or its only cell is none. */
static bool is_header(struct csv csv, bool *corner)
{
    struct error ignored = {0};
    struct cell cell;
    float value;
    unsigned holds;
    csv.error = &ignored;
    if (!csv_cell(&csv, &cell))
        return false;
    *corner = csv_cell_empty(&cell) && !cell.last;
    if (*corner)
        return true;
    if (cell.last)
        return !csv_cell_number(&cell, &value, &holds);
    while (!cell.last)
        if (!csv_cell(&csv, &cell) || csv_cell_number(&cell, &value, &holds))
            return false;
    return true;
}

/* Reads the cells of the header as labels. A blank in front of every cell but the first is the style of the
 * file, not part of the labels. */
static bool read_header(struct csv *csv, struct table *table)
{
    struct cell cell = {0};
    struct labels *header = &table->header;
    header->given = true;
    header->place = source_place(csv->source, csv_offset(csv, csv->at));
    while (!cell.last)
        if (!csv_cell(csv, &cell) ||
            !add_label(header, &table->header_room, csv_cell_text(csv, &cell, csv->error), csv->error))
            return false;
    bool style = header->count > 1;
    for (size_t i = 1; i < header->count; i++)
        style = style && header->text[i][0] == ' ';
    for (size_t i = 1; style && i < header->count; i++)
        memmove(header->text[i], header->text[i] + 1, strlen(header->text[i]));
    return true;
}

/* Leaves one label a column, without the one above the labels of the rows. */
static bool fit_header(const struct csv *csv, struct table *table)
{
    struct labels *header = &table->header;
    if (table->labels.given && header->count == table->columns + 1) {
        free(header->text[0]);
        memmove(header->text, header->text + 1, --header->count * sizeof *header->text);
    }
    if (header->count == table->columns)
        return true;
    return place_error(&header->place, csv->error,
                       "the header has %zu cells, the first row %zu: expected as many", header->count,
                       table->columns + table->labels.given);
}

/* ---- the rows ---- */

static bool wrong_length(const struct csv *csv, const char *row, size_t found, size_t expected)
{
    return source_error(csv->source, csv_offset(csv, row), csv->error,
                        "this row has %zu cell%s, the rows before it have %zu: expected rows of one length",
                        found, found == 1 ? "" : "s", expected);
}

/* One row of numbers, behind its label if there is one. */
static bool read_numbers(struct csv *csv, struct table *table, const char *row, bool last)
{
    size_t found = 0, labelled = table->labels.given;
    while (!last) {
        if (table->count == table->room) {
            if (!memory_resize(&table->data, 2 * table->room, sizeof(float), csv->error))
                return false;
            table->room *= 2;
        }
        if (table->rows && found == table->columns) {
            struct cell cell;
            for (; !last; last = cell.last, found++)
                if (!csv_cell(csv, &cell))
                    return false;
            break;
        }
        if (!csv_number(csv, &table->data[table->count], &table->holds, &last))
            return false;
        table->count++;
        found++;
    }
    if (table->rows == 0)
        table->columns = found;
    if (found == 0)
        return source_error(csv->source, csv_offset(csv, row), csv->error,
                            "no numbers in this line: expected a label and numbers");
    if (found != table->columns)
        return wrong_length(csv, row, found + labelled, table->columns + labelled);
    table->rows++;
    return true;
}

/* Whether the first cell of the line is a word, which can only be a label. An empty cell is not: it
 * is more likely a mistake. */
static bool begins_with_label(const struct csv *csv)
{
    struct error ignored = {0};
    struct csv trial = *csv;
    struct cell cell;
    float value;
    unsigned holds;
    bool last;
    trial.error = &ignored;
    if (csv_number(&trial, &value, &holds, &last))
        return false;
    trial.at = csv->at;
    return csv_cell(&trial, &cell) && !csv_cell_empty(&cell);
}

/* Reads all rows. Without `labels`, stops at the first row that begins with a word: *word. */
static bool read_rows(struct csv *csv, struct table *table, bool labels, bool *word)
{
    *word = false;
    table->labels.given = labels;
    table->labels.place = source_place(csv->source, csv_offset(csv, csv->at));
    struct csv_numbers numbers;
    if (!labels && csv_read_parts(csv, &numbers)) {
        table->data = numbers.data;
        table->rows = numbers.rows;
        table->columns = numbers.columns;
        table->count = table->room = numbers.rows * numbers.columns;
        table->holds = numbers.holds;
        return true;
    }
    table->room = 256;
    table->data = memory_alloc(table->room, sizeof(float), csv->error);
    if (!table->data)
        return false;
    while (csv->at < csv->end) {
        const char *row = csv->at;
        struct cell cell = {0};
        if (csv_skip_blank_line(csv)) {
            while (csv->at < csv->end && csv_skip_blank_line(csv))
                ;
            if (csv->at == csv->end)
                break;
            return source_error(csv->source, csv_offset(csv, row), csv->error,
                                "an empty line among the rows: expected one matrix");
        }
        if (labels) {
            if (!csv_cell(csv, &cell) || !add_label(&table->labels, &table->label_room,
                                                    csv_cell_text(csv, &cell, csv->error), csv->error))
                return false;
        } else if (begins_with_label(csv)) {
            *word = true;
            return true;
        }
        if (!read_numbers(csv, table, row, cell.last))
            return false;
    }
    if (table->rows == 0)
        return source_error(csv->source, csv_offset(csv, csv->at), csv->error,
                            table->header.given ? "only a header: expected rows of numbers below it"
                                                : "the file ends here: expected rows of numbers");
    return true;
}

/* Reads the whole table. Where a first column of numbers turns out to hold a word, reads
 * the rows again, with labels. */
static bool read_table(struct csv *csv, struct table *table, struct warnings *warnings)
{
    bool corner = false, word = false;
    if (csv->at < csv->end && is_header(*csv, &corner) && !read_header(csv, table))
        return false;
    const char *rows = csv->at;
    if (!read_rows(csv, table, corner, &word))
        return false;
    if (word) {
        if (table->rows) {
            struct place place = source_place(csv->source, csv_offset(csv, csv->at));
            warnings_add(warnings, "%s:%zu: not a number in the first column, which is taken for labels",
                         place.file, place.line);
        }
        free(table->data);
        table->data = NULL;
        table->count = table->rows = table->holds = 0;
        csv->at = rows;
        if (!read_rows(csv, table, true, &word))
            return false;
    }
    if (table->count < table->room && !memory_resize(&table->data, table->count, sizeof(float), csv->error))
        return false;
    return true;
}

/* ---- the table as an input ---- */

static bool put_table(struct csv *csv, struct table *table, size_t start, struct inputs *inputs,
                      enum input input, struct warnings *warnings)
{
    bool vector = input_is_list(input) && (table->rows == 1 || table->columns == 1);
    struct tensor tensor = {
        .data = table->data,
        .rank = vector ? 1 : 2,
        .shape = {vector ? table->count : table->rows, vector ? 0 : table->columns},
        .holds = table->holds,
        .place = source_place(csv->source, start),
    };
    bool by_query = input == INPUT_EMBEDDINGS || input == INPUT_Q || input == INPUT_ATTENTION;
    bool by_key = input == INPUT_CONTEXT || input == INPUT_K || input == INPUT_V;
    bool heads_columns = input == INPUT_ATTENTION && table->header.given;
    if (heads_columns && !fit_header(csv, table))
        return false;
    if (!inputs_put_tensor(&inputs->all.tensor[input], &tensor, input_names[input], csv->error))
        return false;
    table->data = NULL;
    if (table->labels.given && by_query)
        inputs_offer_labels(&inputs->tokens, &table->labels, "tokens", warnings);
    if (table->labels.given && by_key)
        inputs_offer_labels(&inputs->key_tokens, &table->labels, "key_tokens", warnings);
    if (heads_columns)
        inputs_offer_labels(&inputs->key_tokens, &table->header, "key_tokens", warnings);
    return true;
}

static bool read_matrix(struct csv *csv, struct inputs *inputs, const struct read_target *target,
                        struct warnings *warnings)
{
    struct table table = {0};
    csv_begin(csv);
    enum input input = target->what == READ_TENSOR ? target->input : INPUT_EMBEDDINGS;
    if ((target->what == READ_ANY || input == INPUT_ATTENTION) && csv_is_tidy(csv))
        return csv_read_tidy(csv, inputs, warnings);
    if (target->what == READ_ANY && csv_is_stage(csv))
        return source_error(csv->source, csv_offset(csv, csv->at), csv->error,
                            "this is a table of another stage than the weights: expected one of weights");
    size_t start = csv_offset(csv, csv->at);
    bool ok = read_table(csv, &table, warnings) && put_table(csv, &table, start, inputs, input, warnings);
    table_free(&table);
    return ok;
}

/* Tokens, one a line. Blanks in a line belong to its token; no token follows the last line end. */
static bool read_tokens(struct csv *csv, struct labels *to, const char *called)
{
    struct labels labels = {.given = true, .place = source_place(csv->source, 0)};
    size_t room = 0;
    bool ok = true;
    while (ok && csv->at < csv->end) {
        const char *line = memchr(csv->at, '\n', (size_t)(csv->end - csv->at));
        struct cell cell = {.start = csv->at, .end = line ? line : csv->end};
        csv->at = line ? line + 1 : csv->end;
        if (cell.end > cell.start && cell.end[-1] == '\r')
            cell.end--;
        ok = add_label(&labels, &room, csv_cell_text(csv, &cell, csv->error), csv->error);
    }
    ok = ok && inputs_put_labels(to, &labels, called, csv->error);
    labels_free(&labels);
    return ok;
}

static bool csv_read(struct inputs *inputs, struct source *source, const struct read_target *target,
                     struct warnings *warnings, struct error *error)
{
    struct csv csv = {
        .source = source, .at = source->data, .end = source->data + source->size, .error = error};
    const char *nul = memchr(source->data, 0, source->size);
    if (nul)
        return source_error(source, csv_offset(&csv, nul), error, "a NUL byte: expected text");
    /* A CR that ends a line alone becomes LF, also for the places in messages. */
    if (!memchr(source->data, '\n', source->size))
        for (char *p = source->data; (p = memchr(p, '\r', (size_t)(csv.end - p))); p++)
            *p = '\n';
    if (target->what == READ_TOKENS)
        return read_tokens(&csv, &inputs->tokens, target->called);
    if (target->what == READ_KEY_TOKENS)
        return read_tokens(&csv, &inputs->key_tokens, target->called);
    return read_matrix(&csv, inputs, target, warnings);
}

static int csv_probe(const char *data, size_t size, const char *name)
{
    (void)data;
    (void)size;
    return text_ends(name, ".csv") || text_ends(name, ".tsv") || text_ends(name, ".txt");
}

const struct reader reader_csv = {csv_probe, csv_read};
