#include "read/csv_long_rows.h"

#include <math.h>

#include "base/source.h"
#include "read/csv_words.h"

const char *const csv_index_names[INDICES] = {"layer", "head", "query", "key"};

/* A plain index; pandas writes it as 3.0 where others of its column are missing. */
static bool read_index(const struct csv *csv, const struct cell *cell, const char *name, size_t *index)
{
    if (csv_cell_whole(cell, index) && *index < CSV_INDEX_MAX)
        return true;
    int length = cell->end - cell->start > 40 ? 40 : (int)(cell->end - cell->start);
    return source_error(
        csv->source, csv_offset(csv, cell->start), csv->error,
        "the %s is \"%.*s\": expected a whole number, counted from 0%s%s%s", name, length, cell->start,
        name == csv_index_names[QUERY] || name == csv_index_names[KEY] ? "; tokens go into " : "",
        name == csv_index_names[QUERY] ? "query_token" : "", name == csv_index_names[KEY] ? "key_token" : "");
}

/* A number, or nothing for NaN. */
static bool read_value(struct csv *csv, float *value, bool *last)
{
    unsigned holds = 0;
    struct csv ahead = *csv;
    struct cell cell;
    if (!csv_cell(&ahead, &cell))
        return false;
    if (!csv_cell_empty(&cell))
        return csv_number(csv, value, &holds, last);
    *value = NAN;
    *last = cell.last;
    csv->at = ahead.at;
    return true;
}

static bool read_masked(const struct csv *csv, const struct cell *cell, bool *masked)
{
    float value;
    unsigned holds;
    if (csv_cell_number(csv, cell, &value, &holds) && (value == 0 || value == 1)) {
        *masked = value == 1;
        return true;
    }
    int length = cell->end - cell->start > 40 ? 40 : (int)(cell->end - cell->start);
    return source_error(csv->source, csv_offset(csv, cell->start), csv->error,
                        "masked is \"%.*s\": expected 0, 1, false or true", length, cell->start);
}

static bool is_words(const struct columns *columns, enum column kind)
{
    return (kind == QUERY || kind == KEY) && columns->words[kind - QUERY];
}

/* The number of a word once it has one; the word is the token too. */
static void take_word(const struct columns *columns, size_t side, const struct cell *cell,
                      struct long_row *row)
{
    row->word[side] = *cell;
    if (columns->numbered[side])
        row->index[QUERY + side] = csv_words_find(columns->numbered[side], cell);
    row->token[side] = *cell;
}

static bool read_pair(struct csv *csv, const struct columns *columns, struct long_row *row)
{
    const char *start = csv->at;
    bool last = false;
    *row = (struct long_row){0};
    for (size_t i = 0; i < columns->count; i++) {
        const enum column kind = columns->kind[i];
        struct cell cell;
        if (last)
            return source_error(csv->source, csv_offset(csv, start), csv->error,
                                "this row is short: expected %zu cells, as in the header", columns->count);
        if (kind == columns->value) {
            if (!read_value(csv, &row->value, &last))
                return false;
            continue;
        }
        if (!csv_cell(csv, &cell))
            return false;
        last = cell.last;
        if (is_words(columns, kind))
            take_word(columns, kind - QUERY, &cell, row);
        else if (kind < INDICES && !read_index(csv, &cell, csv_index_names[kind], &row->index[kind]))
            return false;
        if (kind == QUERY_TOKEN || kind == KEY_TOKEN)
            row->token[kind - QUERY_TOKEN] = cell;
        if (kind == MASKED && !read_masked(csv, &cell, &row->masked))
            return false;
    }
    return last || source_error(csv->source, csv_offset(csv, start), csv->error,
                                "this row is long: expected %zu cells, as in the header", columns->count);
}

bool csv_long_next(struct csv *csv, const struct columns *columns, struct long_row *row)
{
    while (csv->at < csv->end)
        if (!csv_skip_blank_line(csv))
            return read_pair(csv, columns, row);
    return false;
}
