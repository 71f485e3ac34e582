/*
 * The CSV reader: a matrix of numbers, or several of one shape below each other, with columns of labels in front
 * or without, with a header or without; commas, tabs, semicolons or blanks between the cells.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"
#include "read/csv_private.h"
#include "read/word_text.h"

struct table {
    float *data; /* rows*columns */
    size_t count, room;
    size_t rows, columns;
    size_t slice_rows;  /* rows up to the first gap; 0: there is none */
    size_t slice_first; /* the first row behind the last gap */
    unsigned holds;
    struct csv_layout layout;
    struct labels labels; /* of the rows; not given where the first column is numbers */
    size_t label_room;
    struct labels header; /* of the columns */
    size_t header_room;
};

static void table_free(struct table *table)
{
    free(table->data);
    labels_free(&table->labels);
    labels_free(&table->header);
}

/* ---- the header ---- */

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
            !csv_add_label(header, &table->header_room, csv_cell_text(csv, &cell, csv->error), csv->error))
            return false;
    bool style = header->count > 1;
    for (size_t i = 1; i < header->count; i++)
        style = style && header->text[i][0] == ' ';
    for (size_t i = 1; style && i < header->count; i++)
        memmove(header->text[i], header->text[i] + 1, strlen(header->text[i]));
    return true;
}

/* Leaves one label a column, without those above the labels of the rows, of which there may be one less. */
static bool fit_header(const struct csv *csv, struct table *table)
{
    struct labels *header = &table->header;
    size_t labels = table->layout.labels;
    size_t above = header->count > table->columns ? header->count - table->columns : 0;
    if (above > 0 && above <= labels) {
        for (size_t i = 0; i < above; i++)
            free(header->text[i]);
        header->count -= above;
        memmove(header->text, header->text + above, header->count * sizeof *header->text);
    }
    if (header->count == table->columns)
        return true;
    return place_error(&header->place, csv->error,
                       "the header has %zu cells, the first row %zu: expected as many", header->count,
                       table->columns + labels);
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
    size_t found = 0, labelled = table->layout.labels;
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
        csv->row = table->rows - table->slice_first;
        csv->column = found;
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

/* Whether the next line, if there is one, begins with a number. */
static bool number_below(struct csv csv)
{
    struct error ignored = {0};
    struct cell cell = {0};
    csv.error = &ignored;
    while (!cell.last)
        if (!csv_cell(&csv, &cell))
            return false;
    return csv.at < csv.end && csv_cell(&csv, &cell) && csv_is_number(&csv, &cell);
}

/* Whether the first cell of the line is a word, which can only be a label. An empty cell is not, nor a number with
 * the other decimal mark, nor NA beside numbers: they are more likely mistakes. */
static bool begins_with_label(const struct csv *csv, bool first_row)
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
    if (!csv_cell(&trial, &cell) || csv_cell_empty(&cell))
        return false;
    if (csv_cell_missing(&cell) && (!first_row || number_below(*csv)))
        return false;
    trial.mark = csv->mark == '.' ? ',' : '.';
    return csv->delimiter == ',' || !csv_cell_number(&trial, &cell, &value, &holds);
}

/* The labels in front of the numbers of a row; *last: nothing is behind them. */
static bool read_row_labels(struct csv *csv, struct table *table, bool *last)
{
    struct cell cell = {0};
    for (size_t i = 0; i < table->layout.labels && !cell.last; i++) {
        if (!csv_cell(csv, &cell))
            return false;
        if (i == table->layout.label_at && !csv_add_label(&table->labels, &table->label_room,
                                                          csv_cell_text(csv, &cell, csv->error), csv->error))
            return false;
    }
    *last = cell.last;
    return true;
}

/* A gap at `gap` ends a slice: all slices have as many rows as the first. */
static bool end_slice(const struct csv *csv, struct table *table, const char *gap)
{
    size_t rows = table->rows - table->slice_first;
    if (table->slice_rows == 0)
        table->slice_rows = rows;
    table->slice_first = table->rows;
    if (rows == table->slice_rows)
        return true;
    return source_error(csv->source, csv_offset(csv, gap), csv->error,
                        "%s among the rows: expected one matrix, or slices of one length (the first has %zu "
                        "rows, this one %zu)",
                        *gap == '#' ? "a comment" : "an empty line", table->slice_rows, rows);
}

/* Reads the rows one by one; *word as in read_rows. Blank lines and comments between them cut a tensor of rank 3
 * into slices. */
static bool read_each_row(struct csv *csv, struct table *table, bool *word)
{
    const char *gap = NULL, *cut = NULL;
    while (csv->at < csv->end) {
        const char *row = csv->at;
        bool last = false;
        if (csv_skip_blank_line(csv) || csv_skip_comment(csv)) {
            gap = gap ? gap : row;
            continue;
        }
        if (gap && table->rows > 0) {
            cut = gap;
            if (!end_slice(csv, table, gap))
                return false;
        }
        gap = NULL;
        if (table->layout.labels == 0 && begins_with_label(csv, table->rows == 0)) {
            *word = true;
            return true;
        }
        if (!read_row_labels(csv, table, &last) || !read_numbers(csv, table, row, last))
            return false;
    }
    if (table->rows == 0)
        return source_error(csv->source, csv_offset(csv, csv->at), csv->error,
                            table->header.given ? "only a header: expected rows of numbers below it"
                                                : "the file ends here: expected rows of numbers");
    return !cut || end_slice(csv, table, cut);
}

/* Reads all rows. Without columns of labels, stops at the first row that begins with a word: *word. */
static bool read_rows(struct csv *csv, struct table *table, bool *word)
{
    *word = false;
    table->labels.given = table->layout.labels > 0;
    table->labels.place = source_place(csv->source, csv_offset(csv, csv->at));
    struct csv_numbers numbers;
    if (!table->labels.given && csv_read_parts(csv, &numbers)) {
        table->data = numbers.data;
        table->rows = numbers.rows;
        table->columns = numbers.columns;
        table->count = table->room = numbers.rows * numbers.columns;
        table->holds = numbers.holds;
        return true;
    }
    table->room = 256;
    table->data = memory_alloc(table->room, sizeof(float), csv->error);
    return table->data && read_each_row(csv, table, word);
}

/* A first column that begins with a word is labels, even if most of them are numbers; but one of them that looks
 * like a misspelt number is more likely that. `rows` stands at the first row. */
static void warn_misspelt(struct csv rows, const struct table *table, struct warnings *warnings)
{
    size_t numbers = 0;
    const char *misspelt = NULL;
    rows.error = &(struct error){0};
    for (size_t i = 0; i < table->labels.count; i++) {
        const char *text = table->labels.text[i];
        const struct cell cell = {.start = text, .end = text + strlen(text)};
        float value;
        unsigned holds;
        numbers += csv_cell_number(&rows, &cell, &value, &holds);
        if (!misspelt && csv_cell_misspelt(&rows, &cell))
            misspelt = text;
    }
    char name[60];
    if (!misspelt || 2 * numbers < table->labels.count - 1 || numbers == 0)
        return;
    struct place place = source_place(rows.source, csv_offset(&rows, rows.at));
    text_clean(name, sizeof name, misspelt);
    warnings_add(warnings, "%s:%zu: \"%s\" is not a number, so the first column is taken for labels",
                 place.file, place.line, name);
}

/* Reads the whole table. Where a first column of numbers turns out to hold a word, reads
 * the rows again, with labels. */
static bool read_table(struct csv *csv, struct table *table, enum read_header said, struct warnings *warnings)
{
    bool word = false;
    table->layout = csv_find_layout(*csv, said, warnings);
    if (table->layout.header && !read_header(csv, table))
        return false;
    const char *rows = csv->at;
    if (!read_rows(csv, table, &word))
        return false;
    if (word) {
        size_t before = table->rows;
        struct place place = source_place(csv->source, csv_offset(csv, csv->at));
        free(table->data);
        table->data = NULL;
        table->count = table->rows = table->slice_rows = table->slice_first = table->holds = 0;
        csv->at = rows;
        table->layout.labels = 1;
        if (!read_rows(csv, table, &word))
            return false;
        csv->at = rows;
        if (before)
            warnings_add(warnings, "%s:%zu: not a number in the first column, which is taken for labels",
                         place.file, place.line);
        else
            warn_misspelt(*csv, table, warnings);
    }
    if (table->count < table->room && !memory_resize(&table->data, table->count, sizeof(float), csv->error))
        return false;
    return true;
}

/* ---- the table as an input ---- */

/* The numbers as a tensor, which owns them from then on. */
static struct tensor make_tensor(struct table *table, enum input input, struct place place)
{
    struct tensor tensor = {.data = table->data, .holds = table->holds, .place = place};
    if (table->slice_rows > 0) {
        tensor.rank = 3;
        tensor.shape[0] = table->rows / table->slice_rows;
        tensor.shape[1] = table->slice_rows;
        tensor.shape[2] = table->columns;
    } else if (input_is_list(input) && (table->rows == 1 || table->columns == 1)) {
        tensor.rank = 1;
        tensor.shape[0] = table->count;
    } else {
        tensor.rank = 2;
        tensor.shape[0] = table->rows;
        tensor.shape[1] = table->columns;
    }
    table->data = NULL;
    return tensor;
}

/* Leaves the rows of the words of a text. */
static bool choose_rows(const struct csv *csv, struct table *table, const struct word_rows *rows)
{
    size_t count;
    if (!size_multiply(rows->count, table->columns, &count))
        return error_memory(csv->error, SIZE_MAX);
    float *data = memory_alloc(count, sizeof *data, csv->error);
    if (!data)
        return false;
    for (size_t i = 0; i < rows->count; i++)
        memcpy(data + i * table->columns, table->data + rows->row[i] * table->columns,
               table->columns * sizeof *data);
    free(table->data);
    table->data = data;
    table->rows = rows->count;
    table->count = table->room = count;
    return true;
}

static bool choose_words(const struct csv *csv, struct table *table, const char *text, struct inputs *inputs)
{
    const char *name = csv->source->name;
    if (!table->labels.given || table->slice_rows > 0)
        return error_set(csv->error, ERROR_INPUT,
                         "%s: --text takes rows by their words: expected a matrix with a word in front of "
                         "each row",
                         name);
    struct word_text words = {0};
    struct word_rows rows = {0};
    bool ok = word_text_begin(&words, text, csv->error);
    for (size_t i = 0; ok && i < table->labels.count; i++)
        word_text_meet(&words, table->labels.text[i], strlen(table->labels.text[i]), i);
    ok = ok && word_text_choose(&words, name, &rows, &inputs->notes, csv->error) &&
         choose_rows(csv, table, &rows);
    word_text_free(&words);
    if (ok) {
        rows.labels.place = table->labels.place;
        labels_free(&table->labels);
        table->labels = rows.labels;
        rows.labels = (struct labels){0};
        inputs->has_text = true;
    }
    word_rows_free(&rows);
    return ok;
}

/* Says which lines and columns were taken for labels. */
static void note_layout(const struct csv *csv, const struct table *table, size_t line, struct inputs *inputs)
{
    const struct csv_layout *layout = &table->layout;
    const char *file = csv->source->name;
    if (layout->header)
        warnings_add(&inputs->notes, "%s:%zu: this line is a header%s", file, line,
                     layout->counts ? " that counts the columns" : "");
    if (layout->labels > 1)
        warnings_add(&inputs->notes, "%s: columns 1 to %zu are labels, of which column %zu is taken", file,
                     layout->labels, layout->label_at + 1);
    else if (layout->labels == 1)
        warnings_add(&inputs->notes, "%s: column 1 has the labels", file);
    if (csv->mark == ',')
        warnings_add(&inputs->notes, "%s: the numbers have decimal commas", file);
}

static bool put_table(struct csv *csv, struct table *table, size_t start, struct inputs *inputs,
                      enum input input, struct warnings *warnings)
{
    struct place place = source_place(csv->source, start);
    bool by_query = input == INPUT_EMBEDDINGS || input == INPUT_Q || input == INPUT_ATTENTION;
    bool by_key = input == INPUT_CONTEXT || input == INPUT_K || input == INPUT_V;
    bool heads_columns = input == INPUT_ATTENTION && table->layout.header && !table->layout.counts;
    if (heads_columns && !fit_header(csv, table))
        return false;
    struct tensor tensor = make_tensor(table, input, place);
    bool ok = inputs_put_tensor(&inputs->all.tensor[input], &tensor, input_names[input], csv->error);
    tensor_free(&tensor);
    if (!ok)
        return false;
    note_layout(csv, table, place.line, inputs);
    for (size_t rows = table->slice_rows; rows > 0 && table->labels.count > rows;)
        free(table->labels.text[--table->labels.count]);
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
    if ((target->what == READ_ANY || input == INPUT_ATTENTION) && target->header != HEADER_NO &&
        csv_is_long(csv))
        return csv_read_long(csv, inputs, warnings);
    size_t start = csv_offset(csv, csv->at);
    bool ok = read_table(csv, &table, target->header, warnings) &&
              (!target->text || choose_words(csv, &table, target->text, inputs)) &&
              put_table(csv, &table, start, inputs, input, warnings);
    table_free(&table);
    if (ok && target->what == READ_ANY)
        inputs_warn_weights(&inputs->all.tensor[INPUT_EMBEDDINGS], warnings);
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
        return csv_read_tokens(&csv, &inputs->tokens, target);
    if (target->what == READ_KEY_TOKENS)
        return csv_read_tokens(&csv, &inputs->key_tokens, target);
    return read_matrix(&csv, inputs, target, warnings);
}

static int csv_probe(const char *data, size_t size, const char *name)
{
    (void)data;
    (void)size;
    return text_ends(name, ".csv") || text_ends(name, ".tsv") || text_ends(name, ".txt");
}

const struct reader reader_csv = {csv_probe, csv_read};
