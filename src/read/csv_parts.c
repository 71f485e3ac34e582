/*
 * Large tables of nothing but numbers: cut at line ends into parts that are read at the same time. Whatever
 * is not such a table is left to csv.c, which begins again at the first row and knows what to say about it.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/workers.h"
#include "read/csv_private.h"

enum {
    PARTS_FROM = 1 << 20, /* bytes: what is smaller is read at once */
    PART_SIZE = 1 << 18,  /* bytes of a part at least, */
    PARTS_MOST = 256,     /* if that makes no more than so many */
    LINES_LEAST = 16,     /* the first line, which is read twice, is no larger part of the text */
};

struct part {
    const char *start, *end;
    size_t lines;     /* in it */
    size_t first_row; /* of the whole table */
    unsigned holds;
};

struct parts {
    const struct csv *csv;
    struct part part[PARTS_MOST];
    size_t count, columns;
    float *data;
    atomic_bool plain; /* so far */
};

static void count_lines(void *context, int member, size_t job)
{
    struct parts *parts = context;
    struct part *part = &parts->part[job];
    (void)member;
    for (const char *p = part->start; p < part->end; part->lines++) {
        const char *line = memchr(p, '\n', (size_t)(part->end - p));
        p = line ? line + 1 : part->end;
    }
}

/* Every line of the part is a row of as many numbers as all others, and no more. */
static void read_part(void *context, int member, size_t job)
{
    struct parts *parts = context;
    struct part *part = &parts->part[job];
    struct error ignored = {0};
    struct csv csv = *parts->csv;
    float *to = parts->data + part->first_row * parts->columns;
    (void)member;
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

/* Behind the last line that is not blank; NULL where what follows is no blank lines. */
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

/* The parts, each up to a line end. */
static void cut(struct parts *parts, const char *end)
{
    const char *start = parts->csv->at;
    size_t size = (size_t)(end - start) / PARTS_MOST + 1;
    if (size < PART_SIZE)
        size = PART_SIZE;
    while (start < end) {
        size_t left = (size_t)(end - start);
        const char *line = left > size ? memchr(start + size, '\n', left - size) : NULL;
        const char *to = line ? line + 1 : end;
        parts->part[parts->count++] = (struct part){.start = start, .end = to};
        start = to;
    }
}

/* How many numbers the first row has; 0 where it is something else. */
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
    struct parts parts = {.csv = csv, .columns = first_columns(*csv), .plain = true};
    if (!end || parts.columns == 0)
        return false;
    cut(&parts, end);
    workers_run(parts.count, count_lines, &parts);
    size_t rows = 0, count;
    for (size_t i = 0; i < parts.count; i++) {
        parts.part[i].first_row = rows;
        rows += parts.part[i].lines;
    }
    /* A number takes two bytes: lines that are too short for the first one are seen before they cost memory.
     */
    if (!size_multiply(rows, parts.columns, &count) || count > size / 2 + 1 ||
        !(parts.data = memory_alloc(count, sizeof *parts.data, &ignored)))
        return false;
    workers_run(parts.count, read_part, &parts);
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
