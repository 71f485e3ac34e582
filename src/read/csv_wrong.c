/* Cells that hold no number: what they are instead, and what was expected. */
#include <stdio.h>
#include <string.h>

#include "base/source.h"
#include "base/text.h"
#include "read/csv_private.h"

enum { NUMBER_MAX = 40 }; /* bytes of a cell that messages show */

/* The text of the cell without blanks around it, and its place. */
struct trimmed {
    const char *start, *end;
    size_t offset;
};

static struct trimmed trim(const struct csv *csv, const struct cell *cell)
{
    struct trimmed text = {.start = cell->start, .end = cell->end};
    while (text.start < text.end && (*text.start == ' ' || *text.start == '\t'))
        text.start++;
    while (text.end > text.start && (text.end[-1] == ' ' || text.end[-1] == '\t'))
        text.end--;
    text.offset = csv_offset(csv, cell->quoted ? cell->start - 1 : text.start);
    return text;
}

/* How many bytes of it a message shows. */
static int shown(const struct trimmed *text)
{
    return text->end - text->start > NUMBER_MAX ? NUMBER_MAX : (int)(text->end - text->start);
}

/* Whether start[0..end) is a number with this mark. */
static bool is_number_with(const struct csv *csv, const char *start, const char *end, char mark, float *value)
{
    struct csv other = *csv;
    unsigned holds = 0;
    other.mark = mark;
    return csv_cell_number(&other, &(struct cell){.start = start, .end = end}, value, &holds) &&
           holds == TENSOR_NUMBERS;
}

/* Puts the mark of the table in the place of another. */
static void set_mark(char *number, char from, char to)
{
    char *mark = strchr(number, from);
    if (mark)
        *mark = to;
}

static bool is_percentage(const struct csv *csv, const struct trimmed *text)
{
    float value;
    char number[NUMBER_MAX];
    if (text->end == text->start || text->end[-1] != '%' ||
        !is_number_with(csv, text->start, text->end - 1, csv->mark, &value))
        return false;
    snprintf(number, sizeof number, "%.6g", (double)value / 100);
    set_mark(number, '.', csv->mark);
    source_error(csv->source, text->offset, csv->error, "\"%.*s\" is a percentage: expected %s", shown(text),
                 text->start, number);
    return true;
}

static bool has_typographic_minus(const struct csv *csv, const struct trimmed *text)
{
    const char *end = text->end;
    float value;
    const bool minus = end - text->start > 3 && memcmp(text->start, "−", 3) == 0;
    const bool dash = end - text->start > 3 && memcmp(text->start, "–", 3) == 0;
    if ((!minus && !dash) || !is_number_with(csv, text->start + 3, end, csv->mark, &value))
        return false;
    source_error(csv->source, text->offset, csv->error, "\"%.*s\" has a typographic minus (U+%s): expected -",
                 shown(text), text->start, minus ? "2212" : "2013");
    return true;
}

/* Copies a number without `separator`, which must be before groups of three digits. False where it is not. */
static bool without_separators(const struct trimmed *text, const char *separator, char number[NUMBER_MAX])
{
    const size_t size = strlen(separator);
    size_t length = 0, groups = 0, digits = 0;
    const char *p = text->start;
    if (text->end - p >= NUMBER_MAX)
        return false;
    if (*p == '-' || *p == '+')
        number[length++] = *p++;
    if (p < text->end && *p == '0')
        return false;
    for (;;) {
        for (digits = 0; p < text->end && *p >= '0' && *p <= '9'; digits++)
            number[length++] = *p++;
        if (digits == 0 || digits > 3 || (groups > 0 && digits != 3))
            return false;
        if ((size_t)(text->end - p) < size || memcmp(p, separator, size) != 0)
            break;
        p += size;
        groups++;
    }
    memcpy(number + length, p, (size_t)(text->end - p));
    number[length + (size_t)(text->end - p)] = 0;
    return groups > 0;
}

static bool has_thousands(const struct csv *csv, const struct trimmed *text)
{
    static const char *const separators[] = {",", ".", "'", "’", "\u00a0", "\u202f"};
    char number[NUMBER_MAX];
    float value;
    for (size_t i = 0; i < sizeof separators / sizeof *separators; i++) {
        if (!without_separators(text, separators[i], number))
            continue;
        const char *const end = number + strlen(number);
        const char mark = *separators[i] != '.' && is_number_with(csv, number, end, '.', &value) ? '.' : ',';
        if (mark == *separators[i] || !is_number_with(csv, number, end, mark, &value))
            continue;
        set_mark(number, mark, csv->mark);
        source_error(csv->source, text->offset, csv->error, "\"%.*s\" has a thousands separator: expected %s",
                     shown(text), text->start, number);
        return true;
    }
    return false;
}

/* Whether the other decimal mark makes a number of the cell; commas that are not quoted end cells instead. */
static bool has_other_mark(const struct csv *csv, const struct cell *cell)
{
    float value;
    return (csv->delimiter != ',' || cell->quoted) &&
           is_number_with(csv, cell->start, cell->end, csv->mark == '.' ? ',' : '.', &value);
}

bool csv_wrong_number(const struct csv *csv, const struct cell *cell)
{
    const struct trimmed text = trim(csv, cell);
    const bool between_points = csv->delimiter == ',' && cell->quoted;
    if (csv_cell_missing(cell))
        return source_error(
            csv->source, text.offset, csv->error,
            "\"%.*s\" is a missing value: expected a number, 0 for a pair that is masked (nan "
            "if it is to be nan)",
            shown(&text), text.start);
    if (is_percentage(csv, &text) || has_typographic_minus(csv, &text))
        return false;
    const bool marked = has_other_mark(csv, cell);
    if ((!marked || between_points) && has_thousands(csv, &text))
        return false;
    return source_error(csv->source, text.offset, csv->error, "expected a number%s found \"%.*s\"",
                        !marked            ? ","
                        : csv->mark == '.' ? " with a decimal point, as other numbers here,"
                                           : " with a decimal comma, as other numbers here,",
                        shown(&text), text.start);
}

/* ---- empty cells ---- */

/* Whether all rows of the text end in the delimiter, which Excel leaves there. */
static bool rows_end_in_delimiter(const struct csv *csv)
{
    for (const char *line = csv->source->data; line < csv->end;) {
        const char *next = memchr(line, '\n', (size_t)(csv->end - line));
        const char *end = next ? next : csv->end;
        while (end > line && (end[-1] == ' ' || end[-1] == '\r'))
            end--;
        if (end > line && *line != '#' && end[-1] != csv->delimiter)
            return false;
        line = next ? next + 1 : csv->end;
    }
    return true;
}

/* Whether the cells from this one on are empty. */
static bool empty_from(struct csv csv, struct cell cell)
{
    csv.error = &(struct error){0};
    while (csv_cell_empty(&cell))
        if (cell.last || !csv_cell(&csv, &cell))
            return true;
    return false;
}

bool csv_empty_number(const struct csv *csv, const struct cell *cell)
{
    const struct trimmed text = trim(csv, cell);
    const size_t offset = cell->quoted ? text.offset : csv_offset(csv, cell->end);
    if (cell->last && !cell->quoted && rows_end_in_delimiter(csv))
        return source_error(
            csv->source, offset, csv->error,
            "an empty cell, because all rows end in a %s: expected none behind the last number",
            csv->delimiter == '\t'  ? "tab"
            : csv->delimiter == ';' ? "semicolon"
                                    : "comma");
    if (csv->column > csv->row && empty_from(*csv, *cell))
        return source_error(csv->source, offset, csv->error,
                            "an empty cell above the diagonal: expected 0 (--causal masks these pairs)");
    return source_error(csv->source, offset, csv->error, "an empty cell: expected a number");
}
