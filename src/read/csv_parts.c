/*
 * Large tables of nothing but numbers: cut at line ends into parts that several threads read. Every other
 * table is left to csv.c, which begins again at the first row and finds the error.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/workers.h"
#include "read/csv_private.h"

enum {
    PARTS_FROM = 1 << 20, /* smaller texts, in bytes, are read in one piece */
    PART_SIZE = 1 << 18,  /* the smallest part, in bytes */
    PARTS_MOST = 256,     /* the most parts */
    LINES_LEAST = 16, /* in parts only if the first line, which is read twice, is under 1/16 of the text */
};

struct csv_part {
    const char *start, *end;
    size_t lines;
    size_t first_row; /* its first line is this row of the whole table */
    unsigned holds;
};

struct csv_parts {
    const struct csv *csv;
    struct csv_part part[PARTS_MOST];
    size_t count, columns;
    float *data;
    atomic_bool plain; /* all rows so far are numbers, as many as the first */
};

static void part_count_lines(void *context, int worker, size_t job)
{
    struct csv_parts *parts = context;
    struct csv_part *part = &parts->part[job];
    (void)worker;
    for (const char *p = part->start; p < part->end; part->lines++) {
        const char *line = memchr(p, '\n', (size_t)(part->end - p));
        p = line ? line + 1 : part->end;
    }
}

/* Reads the part: every line must be a row of `columns` numbers. */
static void part_read(void *context, int worker, size_t job)
{
    struct csv_parts *parts = context;
    struct csv_part *part = &parts->part[job];
    struct error ignored = {0};
    struct csv csv = *parts->csv;
    float *to = parts->data + part->first_row * parts->columns;
    (void)worker;
    csv.at = part->start;
    csv.end = part->end;
    csv.error = &ignored;
    for (size_t i = 0; i < part->lines && atomic_load_explicit(&parts->plain, memory_order_relaxed); i++)
        for (size_t j = 0; j < parts->columns; j++) {
            bool last = false;
            if (!csv_number(&csv, to++, &part->holds, &last) || last != (j + 1 == parts->columns)) {
                atomic_store(&parts->plain, false);
                return;
            }
        }
    source_pass(csv.source, part->start, part->end);
}

/* The end of the last row, behind which there are only blank lines; NULL where there is anything else. */
static const char *rows_end(const struct csv *csv)
{
    const char *end = csv->end;
    while (end > csv->at && strchr(" \t\r\n", end[-1]))
        end--;
    const char *line = memchr(end, '\n', (size_t)(csv->end - end));
    struct csv rest = *csv;
    rest.at = line ? line + 1 : csv->end;
    end = rest.at;
    while (rest.at < rest.end)
        if (!csv_skip_blank_line(&rest))
            return NULL;
    return end;
}

/* Cuts the rows into parts, each up to a line end. */
static void cut_parts(struct csv_parts *parts, const char *end)
{
    const char *start = parts->csv->at;
    size_t size = (size_t)(end - start) / PARTS_MOST + 1;
    if (size < PART_SIZE)
        size = PART_SIZE;
    while (start < end) {
        size_t left = (size_t)(end - start);
        const char *line = left > size ? memchr(start + size, '\n', left - size) : NULL;
        const char *to = line ? line + 1 : end;
        parts->part[parts->count++] = (struct csv_part){.start = start, .end = to};
        start = to;
    }
}

/* How many numbers the first row has; 0 where it has anything else. */
static size_t first_columns(struct csv csv)
{
    struct error ignored = {0};
    size_t columns = 0;
    float value;
    unsigned holds = 0;
    csv.error = &ignored;
    for (bool last = false; !last; columns++)
        if (!csv_number(&csv, &value, &holds, &last))
            return 0;
    return columns;
}

bool csv_read_parts(struct csv *csv, struct csv_numbers *numbers)
{
    size_t size = (size_t)(csv->end - csv->at);
    if (size < PARTS_FROM || !memchr(csv->at, '\n', size / LINES_LEAST))
        return false;
    const char *end = rows_end(csv);
    struct error ignored = {0};
    struct csv_parts parts = {.csv = csv, .columns = first_columns(*csv), .plain = true};
    if (!end || parts.columns == 0)
        return false;
    cut_parts(&parts, end);
    workers_run(parts.count, part_count_lines, &parts);
    size_t rows = 0, count;
    for (size_t i = 0; i < parts.count; i++) {
        parts.part[i].first_row = rows;
        rows += parts.part[i].lines;
    }
    /* A number takes two bytes with its delimiter: lines shorter than the first are found before memory is
     * taken for them. */
    if (!size_multiply(rows, parts.columns, &count) || count > size / 2 + 1 ||
        !(parts.data = memory_alloc(count, sizeof *parts.data, &ignored)))
        return false;
    workers_run(parts.count, part_read, &parts);
    if (!atomic_load(&parts.plain)) {
        free(parts.data);
        return false;
    }
    *numbers = (struct csv_numbers){.data = parts.data, .rows = rows, .columns = parts.columns};
    for (size_t i = 0; i < parts.count; i++)
        numbers->holds |= parts.part[i].holds;
    csv->at = csv->end;
    return true;
}
