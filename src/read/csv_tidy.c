/* Reads the tables that attn writes, one row a pair, as weights and labels. Other
 * tables are read in csv.c. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "read/csv_private.h"

static const char tidy_header[] = "layer,head,query,key,query_token,key_token,weight";

enum { LAYER, HEAD, QUERY, KEY, INDICES };
static const char *const index_names[INDICES] = {"layer", "head", "query", "key"};

struct tidy_row {
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

bool csv_is_stage(const struct csv *csv)
{
    static const char pairs[] = "layer,head,query,key,query_token,key_token,",
                      query[] = "layer,head,query,feature,", key[] = "layer,head,key,feature,";
    size_t left = (size_t)(csv->end - csv->at);
    return (left >= sizeof pairs - 1 && memcmp(csv->at, pairs, sizeof pairs - 1) == 0) ||
           (left >= sizeof query - 1 && memcmp(csv->at, query, sizeof query - 1) == 0) ||
           (left >= sizeof key - 1 && memcmp(csv->at, key, sizeof key - 1) == 0);
}

/* A plain index at csv->at, with its comma. */
static bool tidy_read_index(struct csv *csv, const char *name, size_t *index)
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

static bool tidy_read_row(struct csv *csv, struct tidy_row *row)
{
    const char *start = csv->at;
    unsigned holds = 0;
    bool last;
    for (int i = 0; i < INDICES; i++)
        if (!tidy_read_index(csv, index_names[i], &row->index[i]))
            return false;
    if (!csv_cell(csv, &row->query_token))
        return false;
    if (!row->query_token.last && !csv_cell(csv, &row->key_token))
        return false;
    if (row->query_token.last || row->key_token.last)
        return source_error(csv->source, csv_offset(csv, start), csv->error,
                            "this row is short: expected 7 cells");

    /* attn writes NaN as an empty cell. */
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

/* The indices in one column. They may begin above 0 and have gaps, where only some heads or queries were
 * written: the n-th index that occurs is index n of the tensor. */
struct tidy_axis {
    size_t least, most; /* of the indices */
    size_t *position;   /* position[index - least]: n + 1 for index n of the tensor, or 0; owned */
    size_t count;       /* how many occur */
};

/* The range of indices may be larger than the number of rows by this much. */
enum { SPREAD_MAX = 1 << 20 };

/* Moves to the next row, past blank lines. False at the end, or after an error. */
static bool tidy_next_row(struct csv *csv, struct tidy_row *row)
{
    while (csv->at < csv->end)
        if (!csv_skip_blank_line(csv))
            return tidy_read_row(csv, row);
    return false;
}

/* Pass 1: check and count the rows, and find the range of each axis. */
static bool tidy_measure(struct csv csv, struct tidy_axis axes[INDICES], size_t *rows)
{
    struct tidy_row row;
    for (*rows = 0; tidy_next_row(&csv, &row); ++*rows) {
        for (int i = 0; i < INDICES; i++) {
            size_t index = row.index[i];
            if (*rows == 0)
                axes[i].least = axes[i].most = index;
            if (index < axes[i].least)
                axes[i].least = index;
            if (index > axes[i].most)
                axes[i].most = index;
        }
    }
    if (csv.error->kind)
        return false;
    if (*rows == 0)
        return source_error(csv.source, csv.source->size, csv.error,
                            "only a header: expected rows of weights below it");
    for (int i = 0; i < INDICES; i++)
        if (axes[i].most - axes[i].least > SPREAD_MAX + *rows)
            return source_error(csv.source, csv.source->size, csv.error,
                                "the %s runs from %zu to %zu in %zu rows: expected every combination once",
                                index_names[i], axes[i].least, axes[i].most, *rows);
    return true;
}

/* Pass 2: find the indices that occur. There must be as many rows as combinations of them. */
static bool tidy_count_indices(struct csv csv, struct tidy_axis axes[INDICES], size_t rows)
{
    struct tidy_row row;
    for (int i = 0; i < INDICES; i++) {
        axes[i].position =
            memory_zeroed(axes[i].most - axes[i].least + 1, sizeof *axes[i].position, csv.error);
        if (!axes[i].position)
            return false;
    }
    while (tidy_next_row(&csv, &row))
        for (int i = 0; i < INDICES; i++)
            axes[i].position[row.index[i] - axes[i].least] = 1;

    size_t product = 1;
    bool fits = true;
    for (int i = 0; i < INDICES; i++) {
        for (size_t j = 0; j <= axes[i].most - axes[i].least; j++)
            if (axes[i].position[j])
                axes[i].position[j] = ++axes[i].count;
        fits = fits && size_multiply(product, axes[i].count, &product);
    }
    if (!fits || product != rows)
        return source_error(
            csv.source, csv.source->size, csv.error,
            "%zu rows for %zu layers, %zu heads, %zu queries and %zu keys: expected every combination once",
            rows, axes[LAYER].count, axes[HEAD].count, axes[QUERY].count, axes[KEY].count);
    return true;
}

/* The token of a query or key, from the first row that has it. */
static bool name_token(const struct csv *csv, struct labels *labels, size_t index, const struct cell *cell)
{
    if (!labels->text[index])
        labels->text[index] = csv_cell_text(csv, cell, csv->error);
    return labels->text[index] != NULL;
}

/* Pass 3: fill the weights. There are as many rows as weights, so if none comes twice, all are there. */
static bool tidy_fill(struct csv *csv, const struct tidy_axis axes[INDICES], float *weights,
                      unsigned char *seen, struct labels *tokens, struct labels *key_tokens)
{
    struct tidy_row row;
    for (const char *start = csv->at; tidy_next_row(csv, &row); start = csv->at) {
        size_t position[INDICES], at = 0;
        for (int i = 0; i < INDICES; i++) {
            position[i] = axes[i].position[row.index[i] - axes[i].least] - 1;
            at = at * axes[i].count + position[i];
        }
        if (seen[at])
            return source_error(
                csv->source, csv_offset(csv, start), csv->error,
                "layer %zu, head %zu, query %zu, key %zu stands twice: expected every combination once",
                row.index[LAYER], row.index[HEAD], row.index[QUERY], row.index[KEY]);
        seen[at] = 1;
        weights[at] = row.weight;
        if (!name_token(csv, tokens, position[QUERY], &row.query_token) ||
            !name_token(csv, key_tokens, position[KEY], &row.key_token))
            return false;
    }
    return !csv->error->kind;
}

static bool begin_labels(struct labels *labels, size_t count, const struct place *place, struct error *error)
{
    *labels = (struct labels){
        .text = memory_zeroed(count, sizeof *labels->text, error), .given = true, .place = *place};
    labels->count = labels->text ? count : 0;
    return labels->text;
}

/* The weights of a table of `rows` rows, once the axes are known. */
static bool tidy_read_weights(struct csv *csv, const struct tidy_axis axes[INDICES], size_t rows,
                              struct inputs *inputs, const struct place *place, struct warnings *warnings)
{
    struct tensor tensor = {.rank = INDICES, .holds = TENSOR_NUMBERS, .place = *place};
    struct labels tokens = {0}, key_tokens = {0};
    bool ok = false;
    for (int i = 0; i < INDICES; i++)
        tensor.shape[i] = axes[i].count;
    tensor.data = memory_alloc(rows, sizeof *tensor.data, csv->error);
    unsigned char *seen = memory_zeroed(rows, 1, csv->error);
    if (tensor.data && seen && begin_labels(&tokens, axes[QUERY].count, place, csv->error) &&
        begin_labels(&key_tokens, axes[KEY].count, place, csv->error) &&
        tidy_fill(csv, axes, tensor.data, seen, &tokens, &key_tokens))
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

bool csv_read_tidy(struct csv *csv, struct inputs *inputs, struct warnings *warnings)
{
    struct tidy_axis axes[INDICES] = {0};
    struct place place = source_place(csv->source, csv_offset(csv, csv->at));
    size_t rows;
    csv->at += sizeof tidy_header - 1;
    csv->delimiter = ',';
    csv_skip_blank_line(csv);
    bool ok = tidy_measure(*csv, axes, &rows) && tidy_count_indices(*csv, axes, rows) &&
              tidy_read_weights(csv, axes, rows, inputs, &place, warnings);
    for (int i = 0; i < INDICES; i++)
        free(axes[i].position);
    return ok;
}
