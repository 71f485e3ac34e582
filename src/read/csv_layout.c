/*
 * What the first lines of a table are: a header or numbers, and which columns are labels. Tables say it in
 * many ways (pandas, R, spreadsheets); where the lines may be read in two ways, the choice is a warning.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/source.h"
#include "base/text.h"
#include "read/csv_private.h"

enum { LABEL_COLUMNS_MAX = 8 };

/* The line that may be a header. */
struct line {
    size_t cells;
    size_t words;    /* in front, before the first number */
    size_t numbers;  /* cells behind the first that are numbers */
    size_t misspelt; /* cells behind the first that are meant to be numbers and are none: "2x", "NA" */
    size_t missing;  /* cells behind the first that stand for a missing number */
    size_t range;    /* the last `range` cells are 0, 1, 2, … */
    size_t from_one; /* the last `from_one` cells are 1, 2, 3, … */
    size_t quoted;   /* cells in quotes */
    struct cell first;
    bool first_empty, first_number, first_misspelt;
    struct cell wrong; /* the first cell that is misspelt */
    bool named;        /* the first cell says that labels are below it, as "token" */
};

static size_t skip_sign(const char *text, size_t length)
{
    static const char *const signs[] = {"-", "+", "−", "–"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t size = strlen(signs[i]);
        if (length >= size && memcmp(text, signs[i], size) == 0)
            return size;
    }
    return 0;
}

bool csv_cell_is(const struct cell *cell, const char *word)
{
    const char *p = cell->start, *end = cell->end;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (size_t)(end - p) == strlen(word) && strncasecmp(p, word, (size_t)(end - p)) == 0;
}

bool csv_names_labels(const struct cell *cell)
{
    static const char *const names[] = {"token",       "tokens", "label",     "labels",    "word",
                                        "words",       "piece",  "index",     "id",        "query",
                                        "query_token", "key",    "key_token", "Unnamed: 0"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (csv_cell_is(cell, names[i]))
            return true;
    return false;
}

/* Whether the cell may name a column that counts the rows, which is labels only where it does so. */
bool csv_names_count(const struct cell *cell)
{
    static const char *const names[] = {"nr",       "nr.",   "no",       "no.", "#",    "row",  "rowname",
                                        "rownames", "zeile", "position", "pos", "time", "step", "token_id"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (csv_cell_is(cell, names[i]))
            return true;
    return false;
}

/* Whether the cell is the whole number `count`, without zeros in front. */
static bool is_count(const struct cell *cell, size_t count)
{
    size_t value = 0;
    const char *p = cell->start;
    while (p < cell->end && *p == ' ')
        p++;
    if (p == cell->end || (*p == '0' && p + 1 < cell->end))
        return false;
    for (; p < cell->end && *p >= '0' && *p <= '9' && value <= count; p++)
        value = value * 10 + (size_t)(*p - '0');
    return p == cell->end && value == count;
}

bool csv_cell_missing(const struct cell *cell)
{
    static const char *const words[] = {"NA", "N/A", "#N/A", "<NA>", "null", "None", "-", "?"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (csv_cell_is(cell, words[i]))
            return true;
    return false;
}

bool csv_cell_misspelt(const struct csv *csv, const struct cell *cell)
{
    const char *p = cell->start;
    while (p < cell->end && (*p == ' ' || *p == '\t'))
        p++;
    p += skip_sign(p, (size_t)(cell->end - p));
    p += p < cell->end && (*p == '.' || *p == ',');
    return p < cell->end && *p >= '0' && *p <= '9' && !csv_is_number(csv, cell);
}

bool csv_cell_word(const struct csv *csv, const struct cell *cell)
{
    return !csv_is_number(csv, cell) && !csv_cell_empty(cell) && !csv_cell_missing(cell) &&
           !csv_cell_misspelt(csv, cell);
}

/* Describes the line at csv->at and moves behind it. False for a line that cannot be read. */
static bool describe(struct csv *csv, struct line *line)
{
    struct cell cell = {0};
    *line = (struct line){0};
    while (!cell.last) {
        if (!csv_cell(csv, &cell))
            return false;
        bool number = csv_is_number(csv, &cell), misspelt = csv_cell_misspelt(csv, &cell);
        if (!number && line->words == line->cells)
            line->words++;
        if ((misspelt || csv_cell_missing(&cell)) && !line->wrong.start)
            line->wrong = cell;
        line->quoted += cell.quoted;
        if (line->cells++ == 0) {
            line->first = cell;
            line->first_empty = csv_cell_empty(&cell);
            line->first_number = number;
            line->first_misspelt = misspelt;
            line->named = csv_names_labels(&cell);
        } else {
            line->numbers += number;
            line->misspelt += misspelt || csv_cell_missing(&cell);
            line->missing += csv_cell_missing(&cell);
        }
        line->range = is_count(&cell, line->range) ? line->range + 1 : is_count(&cell, 0);
        line->from_one = is_count(&cell, line->from_one + 1) ? line->from_one + 1 : is_count(&cell, 1);
    }
    return true;
}

/* How many cells the line at csv.at has; 0 where there is none, or it cannot be read. */
static size_t count_cells(struct csv csv)
{
    struct cell cell = {0};
    size_t count = 0;
    for (; csv.at < csv.end && !cell.last; count++)
        if (!csv_cell(&csv, &cell))
            return 0;
    return count;
}

/* Moves behind blank lines and comments to the next row. */
static void skip_gaps(struct csv *csv)
{
    while (csv->at < csv->end && (csv_skip_blank_line(csv) || csv_skip_comment(csv)))
        ;
}

/* How many rows follow from csv.at on, up to `most`. */
static size_t count_rows(struct csv csv, size_t most)
{
    struct cell cell;
    size_t rows = 0;
    for (skip_gaps(&csv); rows < most && csv.at < csv.end; skip_gaps(&csv), rows++)
        do
            if (!csv_cell(&csv, &cell))
                return rows;
        while (!cell.last);
    return rows;
}

/* Whether the cells of the header behind the first `skip` are the first cells of the rows, in their order. */
static bool repeats_labels(struct csv header, struct csv rows, size_t skip, size_t cells)
{
    struct cell name, label, rest;
    for (size_t i = 0; i < skip; i++)
        if (!csv_cell(&header, &name))
            return false;
    for (size_t i = skip; i < cells; i++) {
        skip_gaps(&rows);
        if (rows.at == rows.end || !csv_cell(&header, &name) || !csv_cell(&rows, &label))
            return false;
        size_t length = (size_t)(name.end - name.start);
        if (length != (size_t)(label.end - label.start) || memcmp(name.start, label.start, length) != 0)
            return false;
        for (rest = label; !rest.last;)
            if (!csv_cell(&rows, &rest))
                return false;
    }
    skip_gaps(&rows);
    return rows.at == rows.end;
}

/* Whether the first cells of the rows are 0, 1, 2, … or 1, 2, 3, …, of two rows at least. */
static bool counts_rows(struct csv rows)
{
    struct cell first, rest;
    size_t count = 0, from = 0;
    for (skip_gaps(&rows); rows.at < rows.end; skip_gaps(&rows), count++) {
        if (!csv_cell(&rows, &first))
            return false;
        if (count == 0)
            from = is_count(&first, 1);
        if (!is_count(&first, from + count))
            return false;
        for (rest = first; !rest.last;)
            if (!csv_cell(&rows, &rest))
                return false;
    }
    return count >= 2;
}

/* How many columns in front hold labels, by the row below the header: words, and before them whole numbers
 * under a name that says so, which the first has where it is `counted`. */
static size_t labels_below(struct csv header, struct csv row, bool shorter, bool counted)
{
    struct cell name = {0}, cell = {0};
    size_t labels = 0;
    for (size_t i = 0; i < LABEL_COLUMNS_MAX && !cell.last; i++) {
        bool index = shorter && i == 0;
        if (!csv_cell(&row, &cell) || (!index && (name.last || !csv_cell(&header, &name))))
            return labels;
        if (csv_cell_word(&row, &cell))
            labels = i + 1;
        else if (!index && !csv_cell_empty(&name) && !csv_names_labels(&name) && !(counted && i == 0))
            return labels;
    }
    return labels;
}

/* Whether the last `count` cells of the row are not in quotes. */
static bool ends_without_quotes(struct csv row, size_t cells, size_t count)
{
    struct cell cell;
    for (size_t i = 0; i < cells; i++)
        if (!csv_cell(&row, &cell) || (i + count >= cells && cell.quoted))
            return false;
    return cells >= count;
}

/* Whether the line can be 1, 2, 3, … behind labels. */
static bool counts_from_one(const struct line *first)
{
    return first->from_one >= 2 && first->cells - first->from_one == first->words;
}

/* Whether the first line can only be a header, or is more likely one than a row of numbers. `below` stands at
 * the row below it, which has `cells` cells, 0 where there is none. Adds to the layout what it finds out. */
static bool is_header(const struct csv *csv, const struct csv *below, const struct line *first, size_t cells,
                      struct csv_layout *layout)
{
    if (first->cells == 1)
        return !first->first_number && !first->first_empty;
    bool shorter = cells == first->cells + 1, fits = shorter || cells == first->cells;
    if (!first->first_empty && !first->named && first->missing > 0 &&
        first->missing + first->numbers + 1 == first->cells) {
        layout->repeats = fits && repeats_labels(*csv, *below, !shorter, first->cells);
        return layout->repeats;
    }
    if (first->first_empty || first->numbers == 0)
        return true;
    if (!fits)
        return false;
    /* R quotes the names of columns and no numbers, and may leave out the name above the names of rows. */
    if (counts_from_one(first)) {
        layout->quoted = first->quoted == first->cells && ends_without_quotes(*below, cells, first->from_one);
        layout->labels = layout->quoted ? first->words : 0;
        if (layout->quoted || (shorter && counts_rows(*below)))
            return true;
    }
    size_t in_front = first->cells - first->range;
    if (first->range >= 2 && in_front == first->words) {
        /* Rows of 0, 1, 2, … are data where they make the table square, behind one label at most. */
        layout->square = !shorter && in_front <= 1 &&
                         (in_front > 0 || labels_below(*csv, *below, false, false) == 0) &&
                         count_rows(*below, first->range) == first->range - 1;
        layout->labels = in_front;
        return !layout->square;
    }
    layout->repeats = first->cells + shorter >= 3 && (shorter || !first->first_number) &&
                      repeats_labels(*csv, *below, !shorter, first->cells);
    return layout->repeats;
}

/* How many columns of labels there are in front of the numbers, under a header. */
static size_t count_labels(const struct csv *csv, const struct csv *below, const struct line *first,
                           size_t cells, const struct csv_layout *layout)
{
    bool shorter = cells == first->cells + 1;
    const bool index = layout->counted && csv_names_count(&first->first);
    size_t labels = layout->labels, found = cells > 0 ? labels_below(*csv, *below, shorter, index) : 0;
    if (labels == 0)
        labels =
            first->cells > 1 && (first->first_empty || first->named || shorter || layout->repeats || index);
    if (found > labels && found < cells)
        labels = found;
    return labels;
}

/* Of several columns of labels: the one that the header calls tokens, or the last. */
static size_t choose_label_column(struct csv header, size_t labels)
{
    struct cell cell;
    size_t chosen = labels - 1;
    for (size_t i = labels; i-- > 0;) {
        struct csv at = header;
        bool ok = true;
        for (size_t j = 0; ok && j <= i; j++)
            ok = csv_cell(&at, &cell);
        if (ok && (csv_cell_is(&cell, "token") || csv_cell_is(&cell, "tokens")))
            chosen = i;
    }
    return chosen;
}

/* Says what may be meant otherwise. */
static void say_guess(const struct csv *csv, const struct csv_layout *layout, const struct line *first,
                      struct warnings *warnings)
{
    struct place place = source_place(csv->source, csv_offset(csv, csv->at));
    bool numbers = first->first_number || first->first_misspelt ||
                   (first->cells > 1 && !first->first_empty && first->misspelt == first->cells - 1);
    bool named = first->named || first->first_empty || layout->repeats || layout->quoted;
    numbers = numbers && !layout->quoted;
    const ptrdiff_t most = 40, length = first->wrong.end - first->wrong.start;
    const int wrong = (int)(length < most ? length : most);
    if (layout->square)
        warnings_add(warnings,
                     "%s:%zu: the first line is taken for numbers, because the table is square with it; "
                     "--header yes takes it for a header",
                     place.file, place.line);
    else if (!layout->header && layout->from_one)
        warnings_add(warnings,
                     "%s:%zu: the first line is taken for numbers, although it counts the columns; "
                     "--header yes takes it for a header",
                     place.file, place.line);
    else if (layout->header && numbers && first->wrong.start)
        warnings_add(warnings,
                     "%s:%zu: the first line is taken for a header, because \"%.*s\" is not a number; "
                     "--header no takes it for numbers",
                     place.file, place.line, wrong, first->wrong.start);
    else if (layout->header && (numbers || (first->numbers > 0 && !named)))
        warnings_add(warnings,
                     "%s:%zu: the first line is taken for a header; --header no takes it for numbers",
                     place.file, place.line);
}

/* Whether the row has a number that is not whole. */
static bool has_fraction(struct csv row)
{
    struct cell cell = {0};
    while (row.at < row.end && !cell.last)
        if (!csv_cell(&row, &cell) || (csv_is_number(&row, &cell) && !csv_cell_whole(&cell, NULL)))
            return row.error->kind == ERROR_NONE;
    return false;
}

/* A first column of numbers that count the rows is more likely an index than a feature. */
static void warn_counted(const struct csv *csv, const struct csv_layout *layout, const struct line *first,
                         struct warnings *warnings)
{
    struct place place = source_place(csv->source, csv_offset(csv, csv->at));
    struct error ignored = {0};
    char *text = csv_cell_text(csv, &first->first, &ignored), name[60];
    if (layout->labels == 0 && layout->counted && !layout->counts) {
        text_clean(name, sizeof name, text ? text : "");
        warnings_add(warnings,
                     "%s:%zu: the first column, \"%s\", counts the rows and is taken for numbers; "
                     "call it index if it is none",
                     place.file, place.line, name);
    }
    free(text);
}

struct csv_layout csv_find_layout(struct csv csv, enum read_header said, struct warnings *warnings)
{
    struct error ignored = {0};
    struct csv_layout layout = {0};
    struct line first;
    struct csv below = csv;
    csv.error = below.error = &ignored;
    /* What cannot be read is an error of the reading that follows. */
    if (said == HEADER_NO || csv.at == csv.end || !describe(&below, &first))
        return layout;
    skip_gaps(&below);
    size_t cells = count_cells(below);
    bool header = is_header(&csv, &below, &first, cells, &layout);
    layout.header = header || said == HEADER_YES;
    layout.from_one = !layout.header && cells == first.cells && counts_from_one(&first) &&
                      has_fraction(below) && count_rows(below, first.from_one) != first.from_one - 1;
    layout.counted = layout.header && first.cells > 1 && cells == first.cells && counts_rows(below);
    layout.labels = layout.header ? count_labels(&csv, &below, &first, cells, &layout) : 0;
    layout.label_at = layout.labels > 0 ? choose_label_column(csv, layout.labels) : 0;
    layout.counts = layout.header && first.range > 0 && first.range + layout.labels >= first.cells;
    warn_counted(&csv, &layout, &first, warnings);
    if (said == HEADER_GUESSED)
        say_guess(&csv, &layout, &first, warnings);
    return layout;
}
