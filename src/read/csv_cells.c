/* Cells: delimiters, quotes (RFC 4180), numbers in them. The meaning of rows and
 * columns is not known here. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
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
    if (!end_cell(csv, p, false, &cell->last))
        return source_error(csv->source, csv_offset(csv, p), csv->error,
                            "text behind a closing quote: expected '%s' or the end of the line",
                            csv->delimiter == '\t' ? "\\t" : (char[]){csv->delimiter, 0});
    return true;
}

bool csv_cell(struct csv *csv, struct cell *cell)
{
    const char *p = skip_blanks(csv, csv->at);
    *cell = (struct cell){.start = csv->at};
    if (csv->delimiter == ' ') {
        cell->start = p;
        while (p < csv->end && *p != ' ' && *p != '\t' && !line_end(csv, p))
            p++;
        cell->end = p;
        return end_cell(csv, skip_blanks(csv, p), true, &cell->last);
    }
    if (p < csv->end && *p == '"')
        return quoted_cell(csv, p, cell);
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

bool csv_cell_number(const struct cell *cell, float *value, unsigned *holds)
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
    if (number_read_loose(p, end, value) != end || length == 0)
        return false;
    *holds |= TENSOR_NUMBERS;
    return true;
}

bool csv_number(struct csv *csv, float *value, unsigned *holds, bool *last)
{
    const char *start = csv->at, *p = skip_blanks(csv, start), *next = number_read_loose(p, csv->end, value);
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
    if (csv_cell_number(&cell, value, holds))
        return true;
    p = skip_blanks(csv, cell.start);
    if (csv_cell_empty(&cell))
        return source_error(csv->source, csv_offset(csv, cell.quoted ? cell.start - 1 : p), csv->error,
                            "an empty cell: expected a number");
    int length = cell.end - p > 40 ? 40 : (int)(cell.end - p);
    return source_error(csv->source, csv_offset(csv, cell.quoted ? cell.start - 1 : p), csv->error,
                        "expected a number, found \"%.*s\"", length, p);
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

/* How many cells the line at csv->at has with this delimiter, and whether all but the first are numbers. */
static size_t try_delimiter(const struct csv *csv, char delimiter, bool *numbers)
{
    struct error ignored = {0};
    struct csv trial = *csv;
    struct cell cell = {0};
    size_t count = 0;
    trial.delimiter = delimiter;
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
            *numbers = *numbers && csv_cell_number(&cell, &value, &holds);
    }
    return count;
}

void csv_begin(struct csv *csv)
{
    while (csv->at < csv->end) {
        if (*csv->at == '#') {
            const char *line = memchr(csv->at, '\n', (size_t)(csv->end - csv->at));
            csv->at = line ? line + 1 : csv->end;
        } else if (!csv_skip_blank_line(csv)) {
            break;
        }
    }
    /* The first delimiter that splits the line into numbers; for a header, the
     * first that splits it at all. */
    static const char delimiters[] = "\t,; ";
    char splits = 0;
    for (const char *d = delimiters; *d; d++) {
        bool numbers;
        size_t count = try_delimiter(csv, *d, &numbers);
        if (count >= 2 && numbers) {
            csv->delimiter = *d;
            return;
        }
        if (count >= 2 && !splits)
            splits = *d;
    }
    csv->delimiter = splits ? splits : ' ';
}
