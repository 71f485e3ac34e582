/* The table that attn writes, one row a pair, back into weights and labels. Other tables are read in csv.c.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "read/csv_private.h"

static const char tidy_header[] = "layer,head,query,key,query_token,key_token,weight";

enum { LAYER, HEAD, QUERY, KEY, INDICES };
static const char *const index_names[INDICES] = {"layer", "head", "query", "key"};

struct row {
    size_t index[INDICES];
    struct cell query_token, key_token;
    float weight;
};

bool csv_is_tidy(const struct csv *csv)
{
    size_t length = sizeof tidy_header - 1;
    if ((size_t)(csv->end - csv->at) < length || memcmp(csv->at, tidy_header, length) != 0)
        return false;
    struct csv rest = *csv;
    rest.at += length;
    return csv_skip_blank_line(&rest);
}

/* A plain index at csv->at, with its comma. */
static bool read_index(struct csv *csv, const char *name, size_t *index)
{
    struct cell cell;
    const size_t most = INT32_MAX;
    const char *start = csv->at;
    if (!csv_cell(csv, &cell))
        return false;
    size_t value = 0;
    const char *p = cell.start;
    for (; p < cell.end && *p >= '0' && *p <= '9' && value < most; p++)
        value = value * 10 + (size_t)(*p - '0');
    if (cell.start == cell.end || p < cell.end || value >= most || cell.last) {
        int length = cell.end - cell.start > 40 ? 40 : (int)(cell.end - cell.start);
        return source_error(csv->source, csv_offset(csv, start), csv->error,
                            "the %s is \"%.*s\": expected a whole number, and 7 cells in a row", name, length,
                            cell.start);
    }
    *index = value;
    return true;
}

static bool read_row(struct csv *csv, struct row *row)
{
    const char *start = csv->at;
    unsigned holds = 0;
    bool last;
    for (int i = 0; i < INDICES; i++)
        if (!read_index(csv, index_names[i], &row->index[i]))
            return false;
    if (!csv_cell(csv, &row->query_token))
        return false;
    if (!row->query_token.last && !csv_cell(csv, &row->key_token))
        return false;
    if (row->query_token.last || row->key_token.last)
        return source_error(csv->source, csv_offset(csv, start), csv->error,
                            "this row is short: expected 7 cells");

    /* What has no value is an empty cell. */
    struct csv weight = *csv;
    struct cell cell;
    if (!csv_cell(&weight, &cell))
        return false;
    if (csv_cell_empty(&cell)) {
        row->weight = NAN;
        last = cell.last;
        csv->at = weight.at;
    } else if (!csv_number(csv, &row->weight, &holds, &last)) {
        return false;
    }
    if (!last)
        return source_error(csv->source, csv_offset(csv, start), csv->error,
                            "this row is long: expected 7 cells");
    return true;
}

/* Pass 1: every row is checked; the shape is what the largest indices say. */
static bool measure(struct csv csv, size_t shape[INDICES], size_t *rows)
{
    *rows = 0;
    memset(shape, 0, INDICES * sizeof *shape);
    for (; csv.at < csv.end; ++*rows) {
        struct row row;
        if (csv_skip_blank_line(&csv)) {
            --*rows;
            continue;
        }
        if (!read_row(&csv, &row))
            return false;
        for (int i = 0; i < INDICES; i++)
            if (row.index[i] >= shape[i])
                shape[i] = row.index[i] + 1;
    }
    size_t product = 1;
    bool fits = true;
    for (int i = 0; i < INDICES; i++)
        fits = fits && size_multiply(product, shape[i], &product);
    if (*rows == 0 || !fits || product != *rows)
        return source_error(
            csv.source, csv.source->size, csv.error,
            "%zu rows for %zu layers, %zu heads, %zu queries and %zu keys: expected every combination once",
            *rows, shape[LAYER], shape[HEAD], shape[QUERY], shape[KEY]);
    return true;
}

/* The token of a query or key, from the first row that has it. */
static bool name_token(const struct csv *csv, struct labels *labels, size_t index, const struct cell *cell)
{
    if (!labels->text[index])
        labels->text[index] = csv_cell_text(csv, cell, csv->error);
    return labels->text[index] != NULL;
}

/* Pass 2: as many rows as places; none is taken twice, so all are filled. */
static bool fill(struct csv *csv, const size_t shape[INDICES], float *weights, unsigned char *seen,
                 struct labels *tokens, struct labels *key_tokens)
{
    while (csv->at < csv->end) {
        const char *start = csv->at;
        struct row row;
        if (csv_skip_blank_line(csv))
            continue;
        if (!read_row(csv, &row))
            return false;
        size_t at = 0;
        for (int i = 0; i < INDICES; i++)
            at = at * shape[i] + row.index[i];
        if (seen[at])
            return source_error(
                csv->source, csv_offset(csv, start), csv->error,
                "layer %zu, head %zu, query %zu, key %zu stands twice: expected every combination once",
                row.index[LAYER], row.index[HEAD], row.index[QUERY], row.index[KEY]);
        seen[at] = 1;
        weights[at] = row.weight;
        if (!name_token(csv, tokens, row.index[QUERY], &row.query_token) ||
            !name_token(csv, key_tokens, row.index[KEY], &row.key_token))
            return false;
    }
    return true;
}

static bool begin_labels(struct labels *labels, size_t count, const struct place *place, struct error *error)
{
    *labels = (struct labels){
        .text = memory_zeroed(count, sizeof *labels->text, error), .given = true, .place = *place};
    labels->count = labels->text ? count : 0;
    return labels->text;
}

bool csv_read_tidy(struct csv *csv, struct inputs *inputs, struct warnings *warnings)
{
    size_t shape[INDICES], rows;
    struct tensor tensor = {.rank = INDICES, .holds = TENSOR_NUMBERS};
    struct labels tokens = {0}, key_tokens = {0};
    unsigned char *seen = NULL;
    bool ok = false;

    tensor.place = source_place(csv->source, csv_offset(csv, csv->at));
    csv->at += sizeof tidy_header - 1;
    csv->delimiter = ',';
    csv_skip_blank_line(csv);
    if (!measure(*csv, shape, &rows))
        return false;
    memcpy(tensor.shape, shape, sizeof shape);
    tensor.data = memory_take(rows, sizeof *tensor.data, csv->error);
    seen = memory_zeroed(rows, 1, csv->error);
    if (tensor.data && seen && begin_labels(&tokens, shape[QUERY], &tensor.place, csv->error) &&
        begin_labels(&key_tokens, shape[KEY], &tensor.place, csv->error) &&
        fill(csv, shape, tensor.data, seen, &tokens, &key_tokens))
        ok = inputs_put_tensor(&inputs->all.tensor[INPUT_ATTENTION], &tensor, "attention", csv->error);
    if (ok) {
        inputs_offer_labels(&inputs->tokens, &tokens, "tokens", warnings);
        inputs_offer_labels(&inputs->key_tokens, &key_tokens, "key_tokens", warnings);
    }
    free(seen);
    free(tensor.data);
    labels_free(&tokens);
    labels_free(&key_tokens);
    return ok;
}
