/* Cells: delimiters, quotes (RFC 4180), numbers in them. The meaning of rows and
 * columns is not known here. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number_read.h"
#include "base/source.h"
#include "base/text.h"
#include "read/csv_private.h"
#include "tensor/tensor.h"

size_t csv_offset(const struct csv *csv, const char *at)
{
    return (size_t)(at - csv->source->data);
}

static inline const char *skip_blanks(const struct csv *csv, const char *p)
{
    while (p < csv->end && (*p == ' ' || (*p == '\t' && csv->delimiter != '\t')))
        p++;
    return p;
}

/* The length of the line end at p: 1 or 2, 0 where there is none. The end of the text is not one. */
static inline size_t line_end(const struct csv *csv, const char *p)
{
    if (p < csv->end && *p == '\n')
        return 1;
    if (p < csv->end && *p == '\r' && (p + 1 == csv->end || p[1] == '\n'))
        return p + 1 == csv->end ? 1 : 2;
    return 0;
}

/* Moves behind the delimiter or line end at p, where a cell and the blanks behind it
 * end. False: neither is there. */
static inline bool end_cell(struct csv *csv, const char *p, bool blank_before, bool *last)
{
    if (p < csv->end && *p == csv->delimiter) {
        csv->at = p + 1;
        *last = false;
        return true;
    }
    size_t length = line_end(csv, p);
    if (length || p == csv->end) {
        csv->at = p + length;
        *last = true;
        return true;
    }
    if (csv->delimiter == ' ' && blank_before) {
        csv->at = p;
        *last = false;
        return true;
    }
    return false;
}

static bool quoted_cell(struct csv *csv, const char *quote, struct cell *cell)
{
    const char *p = quote + 1;
    cell->quoted = true;
    cell->start = p;
    for (;;) {
        p = memchr(p, '"', (size_t)(csv->end - p));
        if (!p)
            return source_error(csv->source, csv_offset(csv, quote), csv->error,
                                "a quoted cell has no end: expected a closing '\"'");
        if (p + 1 == csv->end || p[1] != '"')
            break;
        p += 2;
    }
    cell->end = p;
    p = skip_blanks(csv, p + 1);
    if (!end_cell(csv, p, p > cell->end + 1, &cell->last))
        return source_error(csv->source, csv_offset(csv, p), csv->error,
                            "text behind a closing quote: expected '%s' or the end of the line",
                            csv->delimiter == '\t' ? "\\t" : (char[]){csv->delimiter, 0});
    return true;
}

bool csv_cell(struct csv *csv, struct cell *cell)
{
    const char *p = skip_blanks(csv, csv->at);
    *cell = (struct cell){.start = csv->at};
    if (p < csv->end && *p == '"' && (csv->delimiter != ' ' || csv->quotes))
        return quoted_cell(csv, p, cell);
    if (csv->delimiter == ' ') {
        cell->start = p;
        while (p < csv->end && *p != ' ' && *p != '\t' && !line_end(csv, p))
            p++;
        cell->end = p;
        return end_cell(csv, skip_blanks(csv, p), true, &cell->last);
    }
    while (p < csv->end && *p != csv->delimiter && !line_end(csv, p))
        p++;
    cell->end = p;
    return end_cell(csv, p, false, &cell->last);
}

bool csv_cell_empty(const struct cell *cell)
{
    const char *p = cell->start;
    while (p < cell->end && (*p == ' ' || *p == '\t'))
        p++;
    return p == cell->end;
}

bool csv_cell_number(const struct csv *csv, const struct cell *cell, float *value, unsigned *holds)
{
    const char *p = cell->start, *end = cell->end;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    size_t length = (size_t)(end - p);
    bool yes = length == 4 && strncasecmp(p, "true", 4) == 0;
    if (yes || (length == 5 && strncasecmp(p, "false", 5) == 0)) {
        *value = yes;
        *holds |= TENSOR_BOOLEANS;
        return true;
    }
    if (number_read_loose(p, end, csv->mark, value) != end || length == 0)
        return false;
    *holds |= TENSOR_NUMBERS;
    return true;
}

bool csv_is_number(const struct csv *csv, const struct cell *cell)
{
    float value;
    unsigned holds;
    return csv_cell_number(csv, cell, &value, &holds);
}

bool csv_cell_whole(const struct cell *cell, size_t *value)
{
    const char *p = cell->start, *end = cell->end;
    uint64_t whole = 0;
    while (p < end && *p == ' ')
        p++;
    if (end - p > 2 && memcmp(end - 2, ".0", 2) == 0)
        end -= 2;
    const char *digits = p;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        whole = whole < CSV_INDEX_MAX ? whole * 10 + (uint64_t)(*p - '0') : CSV_INDEX_MAX;
    if (value)
        *value = whole < CSV_INDEX_MAX ? (size_t)whole : CSV_INDEX_MAX;
    return p > digits && p == end;
}

bool csv_number(struct csv *csv, float *value, unsigned *holds, bool *last)
{
    const char *start = csv->at, *p = skip_blanks(csv, start), *next;
    next = number_read_loose(p, csv->end, csv->mark, value);
    if (next) {
        p = skip_blanks(csv, next);
        if (end_cell(csv, p, p > next, last)) {
            *holds |= TENSOR_NUMBERS;
            return true;
        }
    }
    struct cell cell;
    if (!csv_cell(csv, &cell))
        return false;
    *last = cell.last;
    if (csv_cell_number(csv, &cell, value, holds))
        return true;
    return csv_cell_empty(&cell) ? csv_empty_number(csv, &cell) : csv_wrong_number(csv, &cell);
}

char *csv_cell_text(const struct csv *csv, const struct cell *cell, struct error *error)
{
    size_t length = (size_t)(cell->end - cell->start), valid = text_valid_length(cell->start, length);
    if (valid < length) {
        source_error(csv->source, csv_offset(csv, cell->start) + valid, error,
                     "the byte 0x%02x is not UTF-8: expected text in UTF-8",
                     (unsigned char)cell->start[valid]);
        return NULL;
    }
    char *text = text_copy_part(cell->start, length);
    if (!text) {
        error_memory(error, length + 1);
        return NULL;
    }
    if (cell->quoted) {
        size_t size = 0;
        for (size_t i = 0; i < length; i++) {
            text[size++] = text[i];
            i += text[i] == '"';
        }
        text[size] = 0;
    }
    return text;
}

bool csv_skip_blank_line(struct csv *csv)
{
    const char *p = csv->at;
    while (p < csv->end && (*p == ' ' || *p == '\t'))
        p++;
    size_t length = line_end(csv, p);
    if (length == 0 && p < csv->end)
        return false;
    csv->at = p + length;
    return true;
}

/* Moves behind the line at csv->at. */
static void skip_line(struct csv *csv)
{
    const char *line = memchr(csv->at, '\n', (size_t)(csv->end - csv->at));
    csv->at = line ? line + 1 : csv->end;
}

bool csv_skip_comment(struct csv *csv)
{
    struct error ignored = {0};
    struct csv line = *csv;
    struct cell cell;
    const char *p = csv->at + 1;
    if (csv->at == csv->end || *csv->at != '#' || (p < csv->end && !strchr(" \t\r\n", *p)))
        return false;
    line.error = &ignored;
    bool row = csv_cell(&line, &cell) && cell.end == cell.start + 1 && !cell.last;
    while (row && !cell.last) {
        float value;
        unsigned holds;
        row = csv_cell(&line, &cell) && csv_cell_number(&line, &cell, &value, &holds);
    }
    if (!row)
        skip_line(csv);
    return !row;
}

/* ---- the delimiter and the decimal mark ---- */

/* Whether the line begins with a cell "#", which is a name for a count of the rows. */
static bool names_rows(const struct csv *csv)
{
    return csv->end - csv->at > 2 && (csv->at[1] == ',' || csv->at[1] == ';');
}

/* Moves behind comments and blank lines in front of a table. */
static void skip_front(struct csv *csv)
{
    while (csv->at < csv->end) {
        if (*csv->at == '#' && !names_rows(csv))
            skip_line(csv);
        else if (!csv_skip_blank_line(csv))
            break;
    }
}

/* How many cells the line at csv->at has with this delimiter and mark, and whether all but the first are
 * numbers. */
static size_t try_delimiter(const struct csv *csv, char delimiter, char mark, bool *numbers)
{
    struct error ignored = {0};
    struct csv trial = *csv;
    struct cell cell = {0};
    size_t count = 0;
    trial.delimiter = delimiter;
    trial.mark = mark;
    trial.error = &ignored;
    *numbers = true;
    while (!cell.last) {
        float value;
        unsigned holds;
        if (!csv_cell(&trial, &cell)) {
            /* A quote that does not close: reading the line for good will give the error. */
            *numbers = false;
            return memchr(csv->at, delimiter, strcspn(csv->at, "\n")) ? 2 : count;
        }
        if (count++)
            *numbers = *numbers && csv_cell_number(&trial, &cell, &value, &holds);
    }
    return count;
}

/* Finds the first delimiter that splits the line at csv->at into a cell and numbers. A semicolon comes before
 * the comma, which may be the decimal mark beside it. */
static bool delimiter_of_numbers(struct csv *csv)
{
    static const struct {
        char delimiter, mark;
    } known[] = {{'\t', '.'}, {'\t', ','}, {';', '.'}, {';', ','}, {',', '.'}, {' ', '.'}, {' ', ','}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        bool numbers;
        if (try_delimiter(csv, known[i].delimiter, known[i].mark, &numbers) >= 2 && numbers) {
            csv->delimiter = known[i].delimiter;
            csv->mark = known[i].mark;
            return true;
        }
    }
    return false;
}

/* The first delimiter that splits the line at all. */
static char delimiter_of_words(const struct csv *csv)
{
    static const char delimiters[] = "\t,; ";
    bool numbers;
    for (const char *d = delimiters; *d; d++)
        if (try_delimiter(csv, *d, '.', &numbers) >= 2)
            return *d;
    return ' ';
}

/* The mark of the first number from csv.at on that has one; of first cells, which may be labels, only where no
 * other has. Whole numbers have none, so that the line which gave the delimiter may not tell. */
static char find_mark(struct csv csv)
{
    struct error ignored = {0};
    struct csv comma = csv;
    if (!memchr(csv.at, ',', (size_t)(csv.end - csv.at)))
        return '.';
    csv.error = &ignored;
    csv.mark = '.';
    comma.mark = ',';
    char of_first = 0;
    for (struct cell cell = {.last = true}; csv.at < csv.end;) {
        float value;
        unsigned holds;
        bool first = cell.last;
        if (!csv_cell(&csv, &cell))
            break;
        size_t length = (size_t)(cell.end - cell.start);
        bool points = memchr(cell.start, '.', length), commas = memchr(cell.start, ',', length);
        char mark = points ? '.' : ',';
        if (points == commas || !csv_cell_number(points ? &csv : &comma, &cell, &value, &holds))
            continue;
        if (!first)
            return mark;
        of_first = of_first ? of_first : mark;
    }
    return of_first ? of_first : '.';
}

/* Excel's first line "sep=;", which names the delimiter. */
static bool read_separator(struct csv *csv)
{
    struct csv rest = *csv;
    if (csv->end - csv->at < 5 || memcmp(csv->at, "sep=", 4) != 0 || !strchr("\t,; ", csv->at[4]))
        return false;
    rest.at += 5;
    if (line_end(&rest, rest.at) == 0 || !csv_skip_blank_line(&rest))
        return false;
    csv->delimiter = csv->at[4];
    csv->at = rest.at;
    return true;
}

/* Whether the line begins with a cell in quotes and a blank behind it, as R writes tables. A quote by itself is
 * a token. */
static bool quotes_between_blanks(const struct csv *csv)
{
    size_t left = (size_t)(csv->end - csv->at);
    const char *close = left > 1 && *csv->at == '"' ? memchr(csv->at + 1, '"', left - 1) : NULL;
    const char *line = memchr(csv->at, '\n', left);
    return close && close > csv->at + 1 && (!line || close < line) && close + 1 < csv->end &&
           strchr(" \r\n", close[1]);
}

void csv_begin(struct csv *csv)
{
    skip_front(csv);
    csv->mark = '.';
    csv->quotes = quotes_between_blanks(csv);
    if (read_separator(csv)) {
        csv->mark = csv->delimiter == ',' ? '.' : find_mark(*csv);
        return;
    }
    struct csv second = *csv;
    skip_line(&second);
    skip_front(&second);
    bool numbers;
    if (delimiter_of_numbers(csv)) {
        if (csv->mark == '.' && csv->delimiter != ',')
            csv->mark = find_mark(*csv);
    } else if (delimiter_of_numbers(&second) && try_delimiter(csv, second.delimiter, '.', &numbers) >= 2) {
        csv->delimiter = second.delimiter;
        csv->mark = csv->delimiter == ',' ? '.' : find_mark(second);
    } else {
        csv->delimiter = delimiter_of_words(csv);
        csv->mark = csv->delimiter == ',' ? '.' : find_mark(*csv);
    }
}
