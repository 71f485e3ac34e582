/*
 * Long tables: one row a pair of query and key, in columns that the header names, in any order. attn writes them,
 * and data frames and edges of a graph have this form. Pairs without a row are masked. Where queries or keys are
 * words, a pass numbers them. Two passes count the rows and find the indices that occur, the last fills the tensors.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"
#include "read/csv_long_columns.h"
#include "read/csv_private.h"
#include "read/csv_words.h"

static const char *const index_names[INDICES] = {"layer", "head", "query", "key"};

/* ---- rows ---- */

struct long_row {
    size_t index[INDICES];
    struct cell token[2]; /* of the query and of the key */
    struct cell word[2];  /* in the place of the index of the query and of the key */
    float value;          /* the weight or the score */
    bool masked;
};

/* A plain index; pandas writes it as 3.0 where others of its column are missing. */
static bool read_index(const struct csv *csv, const struct cell *cell, const char *name, size_t *index)
{
    if (csv_cell_whole(cell, index) && *index < CSV_INDEX_MAX)
        return true;
    int length = cell->end - cell->start > 40 ? 40 : (int)(cell->end - cell->start);
    return source_error(
        csv->source, csv_offset(csv, cell->start), csv->error,
        "the %s is \"%.*s\": expected a whole number, counted from 0%s%s%s", name, length, cell->start,
        name == index_names[QUERY] || name == index_names[KEY] ? "; tokens go into " : "",
        name == index_names[QUERY] ? "query_token" : "", name == index_names[KEY] ? "key_token" : "");
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
        else if (kind < INDICES && !read_index(csv, &cell, index_names[kind], &row->index[kind]))
            return false;
        if (kind == QUERY_TOKEN || kind == KEY_TOKEN)
            row->token[kind - QUERY_TOKEN] = cell;
        if (kind == MASKED && !read_masked(csv, &cell, &row->masked))
            return false;
    }
    return last || source_error(csv->source, csv_offset(csv, start), csv->error,
                                "this row is long: expected %zu cells, as in the header", columns->count);
}

/* Moves to the next row, past blank lines. False at the end, or after an error. */
static bool next_pair(struct csv *csv, const struct columns *columns, struct long_row *row)
{
    while (csv->at < csv->end)
        if (!csv_skip_blank_line(csv))
            return read_pair(csv, columns, row);
    return false;
}

/* ---- axes ---- */

/* The indices in one column. They may begin above 0 and have gaps, where only some heads or queries were
 * written: the n-th index that occurs is index n of the tensor. */
struct long_axis {
    size_t least, most; /* of the indices */
    size_t *position;   /* of index - least: n + 1 for index n of the tensor, or 0; owned */
    char **token; /* of index - least, from the first row that has it, or NULL; owned, as are the strings */
    size_t count; /* how many occur */
};

/* A table that is being read. */
struct long_table {
    struct columns columns;
    struct long_axis axes[INDICES];
    struct csv_words words[3]; /* of queries, of keys, and of both; owned */
    size_t rows, pairs;
    float *value;        /* a pair: its weight or score; owned, as are the others */
    float *attends;      /* a pair: 1, or 0 where it is masked or has no row */
    unsigned char *seen; /* a pair: whether there is a row */
    /* Of each head of each layer, where not all have rows: its place among those that have, in the order of the rows, or SIZE_MAX. Each
     * has then a layer of its own. NULL: all have rows. */
    size_t *place;
    size_t heads; /* of each layer, with `place` */
    struct numbering numbering;
};

static void axis_free(struct long_axis *axis)
{
    for (size_t i = 0; axis->token && i <= axis->most - axis->least; i++)
        free(axis->token[i]);
    free(axis->token);
    free(axis->position);
}

static void long_free(struct long_table *table)
{
    for (int i = 0; i < INDICES; i++)
        axis_free(&table->axes[i]);
    free(table->value);
    free(table->attends);
    free(table->seen);
    free(table->place);
    numbering_free(&table->numbering);
    for (int i = 0; i < 3; i++)
        csv_words_free(&table->words[i]);
}

/* The range of indices may be larger than the number of rows by SPREAD_MAX. There may be PAIRS_MAX pairs, or
 * PAIRS_A_ROW for each row, which bounds the memory by the size of the file. */
enum { SPREAD_MAX = 1 << 20, PAIRS_MAX = 1 << 26, PAIRS_A_ROW = 64 };

/* Pass 0: number the words as they appear. If queries and keys are the same words, both have the numbers of the
 * first appearance in either column. */
static bool number_sides(struct csv csv, struct long_table *table)
{
    struct columns *columns = &table->columns;
    struct csv_words *words = table->words;
    struct long_row row;
    if (!columns->words[0] && !columns->words[1])
        return true;
    while (next_pair(&csv, columns, &row))
        for (int side = 0; side < 2; side++)
            if (columns->words[side] && (!csv_words_add(&words[side], &row.word[side], csv.error) ||
                                         !csv_words_add(&words[2], &row.word[side], csv.error)))
                return false;
    if (csv.error->kind)
        return false;
    const bool one = columns->words[0] && columns->words[1] && csv_words_same(&words[0], &words[1]);
    for (int side = 0; side < 2; side++)
        columns->numbered[side] = columns->words[side] ? &words[one ? 2 : side] : NULL;
    return true;
}

/* Pass 1: check and count the rows, and find the range of each axis. */
static bool measure_axes(struct csv csv, struct long_table *table)
{
    struct long_row row;
    struct long_axis *axes = table->axes;
    for (; next_pair(&csv, &table->columns, &row); ++table->rows) {
        for (int i = 0; i < INDICES; i++) {
            size_t index = row.index[i];
            if (table->rows == 0)
                axes[i].least = axes[i].most = index;
            if (index < axes[i].least)
                axes[i].least = index;
            if (index > axes[i].most)
                axes[i].most = index;
        }
    }
    if (csv.error->kind)
        return false;
    if (table->rows == 0)
        return source_error(csv.source, csv.source->size, csv.error,
                            "only a header: expected rows of weights below it");
    for (int i = 0; i < INDICES; i++)
        if (axes[i].most - axes[i].least > SPREAD_MAX + table->rows)
            return source_error(csv.source, csv.source->size, csv.error,
                                "the %s runs from %zu to %zu in %zu rows: expected fewer gaps",
                                index_names[i], axes[i].least, axes[i].most, table->rows);
    return true;
}

static void count_axis(struct long_axis *axis)
{
    axis->count = 0;
    for (size_t j = 0; j <= axis->most - axis->least; j++)
        if (axis->position[j])
            axis->position[j] = ++axis->count;
}

/* Pass 2: find the indices that occur, and their tokens. */
static bool find_indices(struct csv csv, struct long_table *table)
{
    struct long_row row;
    for (int i = 0; i < INDICES; i++) {
        struct long_axis *axis = &table->axes[i];
        size_t range = axis->most - axis->least + 1;
        bool named =
            i >= QUERY && (table->columns.has[QUERY_TOKEN + i - QUERY] || table->columns.words[i - QUERY]);
        axis->position = memory_zeroed(range, sizeof *axis->position, csv.error);
        axis->token = named ? memory_zeroed(range, sizeof *axis->token, csv.error) : NULL;
        if (!axis->position || (named && !axis->token))
            return false;
    }
    /* The values are not read here, which takes time. */
    struct columns columns = table->columns;
    columns.value = COLUMN_KINDS;
    while (next_pair(&csv, &columns, &row))
        for (int i = 0; i < INDICES; i++) {
            struct long_axis *axis = &table->axes[i];
            size_t at = row.index[i] - axis->least;
            axis->position[at] = 1;
            if (i >= QUERY && axis->token && !axis->token[at] &&
                !(axis->token[at] = csv_cell_text(&csv, &row.token[i - QUERY], csv.error)))
                return false;
        }
    for (int i = 0; i < INDICES; i++)
        count_axis(&table->axes[i]);
    return true;
}

/* Makes room for the indices from `least` to `most`. */
static bool widen(struct long_axis *axis, size_t least, size_t most, bool tokens, struct error *error)
{
    size_t range = most - least + 1, had = axis->most - axis->least + 1, in_front = axis->least - least;
    size_t *position = memory_zeroed(range, sizeof *position, error);
    char **token = tokens ? memory_zeroed(range, sizeof *token, error) : NULL;
    if (!position || (tokens && !token)) {
        free(position);
        return false;
    }
    memcpy(position + in_front, axis->position, had * sizeof *position);
    if (axis->token)
        memcpy(token + in_front, axis->token, had * sizeof *token);
    free(axis->position);
    free(axis->token);
    *axis = (struct long_axis){.least = least, .most = most, .position = position, .token = token};
    return true;
}

/* Takes what the other axis has and this one lacks. Both have the same range. */
static bool take_indices(struct long_axis *axis, const struct long_axis *other, struct error *error)
{
    for (size_t i = 0; i <= axis->most - axis->least; i++) {
        axis->position[i] = axis->position[i] || other->position[i];
        if (!axis->token || axis->token[i] || !other->token || !other->token[i])
            continue;
        axis->token[i] = text_copy(other->token[i]);
        if (!axis->token[i])
            return error_memory(error, 32);
    }
    count_axis(axis);
    return true;
}

/* Where pairs are missing, queries and keys are taken for one sequence, as in a graph: a token that has rows only
 * as a query, or only as a key, is both all the same. Tokens that differ, no index in common, or a single query, say
 * that they are two sequences; words without indices say themselves what is what. */
static bool join_sides(struct long_table *table, struct error *error)
{
    struct long_axis *query = &table->axes[QUERY], *key = &table->axes[KEY];
    const size_t queries = query->count;
    size_t least = query->least < key->least ? query->least : key->least;
    size_t most = query->most > key->most ? query->most : key->most;
    bool tokens = query->token || key->token;
    if (!widen(query, least, most, tokens, error) || !widen(key, least, most, tokens, error))
        return false;
    size_t common = 0, differ = 0;
    for (size_t i = 0; i <= most - least; i++) {
        common += query->position[i] && key->position[i];
        differ += tokens && query->token[i] && key->token[i] && strcmp(query->token[i], key->token[i]) != 0;
    }
    if (!common || differ || queries == 1) {
        count_axis(query);
        count_axis(key);
        return true;
    }
    return take_indices(query, key, error) && take_indices(key, query, error);
}

/* Adds a head to those that have rows, under the numbers of its layer and of itself. */
static bool number_head(struct numbering *numbering, size_t layer, size_t head, struct error *error)
{
    const size_t count = numbering->layer_count;
    if (!memory_resize(&numbering->layers, count + 1, sizeof *numbering->layers, error) ||
        !memory_resize(&numbering->heads, count + 1, sizeof *numbering->heads, error) ||
        !memory_resize(&numbering->ends, count + 1, sizeof *numbering->ends, error))
        return false;
    numbering->layers[count] = layer;
    numbering->heads[count] = head;
    numbering->ends[count] = ++numbering->layer_count;
    numbering->lists = numbering->layer_count;
    return true;
}

/* The place of a row's head among those of all layers. */
static size_t head_among(const struct long_table *table, size_t heads, const struct long_row *row)
{
    const struct long_axis *axes = table->axes;
    return (axes[LAYER].position[row->index[LAYER] - axes[LAYER].least] - 1) * heads +
           axes[HEAD].position[row->index[HEAD] - axes[HEAD].least] - 1;
}

/* Finds which heads of which layers have rows, if not all have. */
static bool find_heads(struct csv csv, struct long_table *table)
{
    struct long_axis *axes = table->axes;
    const size_t heads = axes[HEAD].count;
    struct columns columns = table->columns;
    struct long_row row;
    size_t all;
    columns.value = COLUMN_KINDS;
    if (!size_multiply(axes[LAYER].count, heads, &all) || all > PAIRS_MAX)
        return true;
    table->place = memory_alloc(all, sizeof *table->place, csv.error);
    for (size_t i = 0; table->place && i < all; i++)
        table->place[i] = SIZE_MAX;
    struct numbering *numbering = &table->numbering;
    while (table->place && next_pair(&csv, &columns, &row)) {
        size_t *place = &table->place[head_among(table, heads, &row)];
        if (*place < SIZE_MAX)
            continue;
        *place = numbering->layer_count;
        if (!number_head(numbering, row.index[LAYER], row.index[HEAD], csv.error))
            return false;
    }
    if (!table->place || csv.error->kind)
        return false;
    if (numbering->layer_count < all) {
        axes[LAYER].count = numbering->layer_count;
        table->heads = heads;
        axes[HEAD].count = 1;
        return true;
    }
    free(table->place);
    table->place = NULL;
    numbering_free(numbering);
    return true;
}

/* The numbers of one axis; NULL and no error where they count from 0. */
static bool axis_numbers(const struct long_axis *axis, size_t **numbers, struct error *error)
{
    *numbers = memory_alloc(axis->count, sizeof **numbers, error);
    for (size_t i = 0; *numbers && i <= axis->most - axis->least; i++)
        if (axis->position[i])
            (*numbers)[axis->position[i] - 1] = axis->least + i;
    return *numbers;
}

/* The numbers of layers and heads that all have rows. */
static bool number_axes(struct long_table *table, struct error *error)
{
    struct numbering *numbering = &table->numbering;
    const struct long_axis *axes = table->axes;
    if (table->place)
        return true;
    if (!axis_numbers(&axes[LAYER], &numbering->layers, error) ||
        !axis_numbers(&axes[HEAD], &numbering->heads, error))
        return false;
    numbering->layer_count = axes[LAYER].count;
    numbering->ends = memory_alloc(1, sizeof *numbering->ends, error);
    if (!numbering->ends)
        return false;
    numbering->ends[0] = axes[HEAD].count;
    numbering->lists = 1;
    if (numbering_is_plain(numbering))
        numbering_free(numbering);
    return true;
}

/* Multiplies the axes, and where there are fewer rows than pairs leaves heads out that have none, and joins
 * the sides. */
static bool find_pairs(const struct csv *csv, struct long_table *table)
{
    const struct long_axis *axes = table->axes;
    for (bool joined = false, counted = false;;) {
        bool fits = true;
        table->pairs = 1;
        for (int i = 0; i < INDICES; i++)
            fits = fits && size_multiply(table->pairs, axes[i].count, &table->pairs);
        if (fits && table->pairs == table->rows)
            return true;
        if (!counted) {
            counted = true;
            if (!find_heads(*csv, table))
                return false;
            if (table->place)
                continue;
        }
        if (!fits || (table->pairs > PAIRS_MAX && table->pairs / PAIRS_A_ROW > table->rows))
            return source_error(
                csv->source, csv->source->size, csv->error,
                "%zu rows for %zu layers, %zu heads, %zu queries and %zu keys: expected a row for "
                "more of the pairs",
                table->rows, axes[LAYER].count, axes[HEAD].count, axes[QUERY].count, axes[KEY].count);
        if (joined || table->columns.words[0] || table->columns.words[1])
            return true;
        if (!join_sides(table, csv->error))
            return false;
        joined = true;
    }
}

/* ---- values ---- */

/* The query or key of a row for a message: "query 3" or "query "the"". */
static void name_side(const struct columns *columns, const struct long_row *row, int side, char name[80])
{
    const struct cell *word = &row->word[side];
    const int length = word->end - word->start > 40 ? 40 : (int)(word->end - word->start);
    if (columns->words[side])
        snprintf(name, 80, "%s \"%.*s\"", index_names[QUERY + side], length, word->start);
    else
        snprintf(name, 80, "%s %zu", index_names[QUERY + side], row->index[QUERY + side]);
}

static bool stands_twice(const struct csv *csv, const struct columns *columns, const struct long_row *row,
                         const char *start)
{
    char query[80], key[80];
    const bool words = columns->words[0] || columns->words[1];
    name_side(columns, row, 0, query);
    name_side(columns, row, 1, key);
    return source_error(csv->source, csv_offset(csv, start), csv->error,
                        "layer %zu, head %zu, %s, %s stands twice: expected every pair once%s",
                        row->index[LAYER], row->index[HEAD], query, key,
                        words ? "; words that occur twice want columns query and key that count them" : "");
}

/* Pass 3: fill the pairs. */
static bool fill(struct csv csv, struct long_table *table)
{
    struct long_row row;
    for (const char *start = csv.at; next_pair(&csv, &table->columns, &row); start = csv.at) {
        size_t at = head_among(table, table->place ? table->heads : table->axes[HEAD].count, &row);
        at = table->place ? table->place[at] : at;
        for (int i = QUERY; i < INDICES; i++) {
            const struct long_axis *axis = &table->axes[i];
            at = at * axis->count + axis->position[row.index[i] - axis->least] - 1;
        }
        if (table->seen[at])
            return stands_twice(&csv, &table->columns, &row, start);
        bool is_score = table->columns.value == SCORE;
        bool none = row.masked || (is_score && row.value == -INFINITY);
        table->seen[at] = 1;
        table->attends[at] = !none;
        /* A weight on a masked pair is shown, as everywhere; none is written as 0, or as NaN. */
        table->value[at] = none && (is_score || isnan(row.value)) ? 0 : row.value;
    }
    return !csv.error->kind;
}

/* The softmax of the scores of a row, over the pairs that attend. */
static void weigh_row(float *value, const float *attends, size_t keys)
{
    double best = -INFINITY, sum = 0;
    for (size_t j = 0; j < keys; j++)
        if (attends[j] && !(value[j] <= best))
            best = value[j];
    for (size_t j = 0; j < keys; j++)
        sum += attends[j] ? exp(value[j] - best) : 0;
    for (size_t j = 0; j < keys; j++)
        value[j] = attends[j] ? (float)(exp(value[j] - best) / sum) : 0;
}

/* Whether the indices are 0, 1, 2, … */
static bool counts_up(const struct long_axis *axis)
{
    for (size_t i = 0; i <= axis->most - axis->least; i++)
        if (axis->position[i] && axis->position[i] != axis->least + i + 1)
            return false;
    return true;
}

/* The labels of one side. Without tokens there are some only where the indices are not 0, 1, 2, … */
static bool make_labels(const struct long_axis *axis, struct labels *labels, const struct place *place,
                        struct error *error)
{
    if (!axis->token && counts_up(axis))
        return true;
    *labels = (struct labels){
        .text = memory_zeroed(axis->count, sizeof *labels->text, error), .given = true, .place = *place};
    for (size_t i = 0; labels->text && i <= axis->most - axis->least; i++) {
        if (!axis->position[i])
            continue;
        const char *token = axis->token ? axis->token[i] : NULL;
        char *text = token ? text_copy(token) : text_format("%zu", axis->least + i);
        if (!text)
            return error_memory(error, 32);
        labels->text[labels->count++] = text;
    }
    return labels->text;
}

/* Whether a pair is masked. */
static bool any_masked(const struct long_table *table)
{
    for (size_t i = 0; i < table->pairs; i++)
        if (!table->attends[i])
            return true;
    return false;
}

static bool put(struct long_table *table, struct inputs *inputs, const struct place *place,
                struct warnings *warnings, struct error *error)
{
    struct tensor attention = {.rank = INDICES, .holds = TENSOR_NUMBERS, .place = *place};
    struct labels labels[2] = {{0}, {0}};
    for (int i = 0; i < INDICES; i++)
        attention.shape[i] = table->axes[i].count;
    struct tensor mask = attention;
    bool masked = any_masked(table);
    bool ok = make_labels(&table->axes[QUERY], &labels[0], place, error) &&
              make_labels(&table->axes[KEY], &labels[1], place, error);
    attention.data = table->value;
    mask.data = masked ? table->attends : NULL;
    mask.true_attends = true;
    table->value = NULL;
    table->attends = masked ? NULL : table->attends;
    ok = ok && inputs_put_tensor(&inputs->all.tensor[INPUT_ATTENTION], &attention, "attention", error) &&
         (!masked || inputs_put_tensor(&inputs->all.tensor[INPUT_MASK], &mask, "mask", error));
    ok = ok && number_axes(table, error);
    if (ok && !inputs->numbering.layers && !inputs->numbering.heads) {
        inputs->numbering = table->numbering;
        inputs->is_result = inputs->is_result || table->numbering.layers;
        table->numbering = (struct numbering){0};
    }
    if (ok && labels[0].given)
        inputs_offer_labels(&inputs->tokens, &labels[0], "tokens", warnings);
    if (ok && labels[1].given)
        inputs_offer_labels(&inputs->key_tokens, &labels[1], "key_tokens", warnings);
    tensor_free(&attention);
    tensor_free(&mask);
    labels_free(&labels[0]);
    labels_free(&labels[1]);
    return ok;
}

static bool read_pairs(const struct csv *csv, struct long_table *table)
{
    table->value = memory_zeroed(table->pairs, sizeof *table->value, csv->error);
    table->attends = table->value ? memory_zeroed(table->pairs, sizeof *table->attends, csv->error) : NULL;
    table->seen = table->attends ? memory_zeroed(table->pairs, 1, csv->error) : NULL;
    if (!table->seen || !fill(*csv, table))
        return false;
    size_t keys = table->axes[KEY].count;
    for (size_t row = 0; table->columns.value == SCORE && row < table->pairs / keys; row++)
        weigh_row(table->value + row * keys, table->attends + row * keys, keys);
    return true;
}

/* The name of a column, fit for a message. */
static void name_column(const struct csv *csv, const struct cell *cell, char *name, size_t size)
{
    struct error ignored = {0};
    char *text = csv_cell_text(csv, cell, &ignored);
    text_clean(name, size, text ? text : "");
    free(text);
}

/* Which columns were taken for query, key and weight, where their names do not say so. */
static void note_names(const struct csv *csv, const struct long_table *table, size_t line,
                       struct inputs *inputs)
{
    const struct columns *columns = &table->columns;
    const enum column kinds[3] = {QUERY, KEY, columns->value};
    const char *const called[3] = {"query", "key", columns->value == SCORE ? "score" : "weight"};
    char name[3][60];
    bool plain = true;
    for (int i = 0; i < 3; i++) {
        const struct cell *cell = &columns->name[csv_long_column(columns, kinds[i])];
        name_column(csv, cell, name[i], sizeof name[i]);
        plain = plain && csv_cell_is(cell, called[i]);
    }
    if (!plain)
        warnings_add(&inputs->notes, "%s:%zu: \"%s\" is the query, \"%s\" the key and \"%s\" the %s",
                     csv->source->name, line, name[0], name[1], name[2], called[2]);
    if (columns->words[0] || columns->words[1])
        warnings_add(&inputs->notes, "%s: %s are words, numbered as they appear", csv->source->name,
                     !columns->words[0]   ? "keys"
                     : !columns->words[1] ? "queries"
                                          : "queries and keys");
}

/* What the table was taken for, and columns that say nothing. */
static void say(const struct csv *csv, const struct long_table *table, const struct place *place,
                struct inputs *inputs, struct warnings *warnings)
{
    const struct columns *columns = &table->columns;
    const size_t unused = csv_long_unused(columns);
    char name[60];
    warnings_add(&inputs->notes, "%s:%zu: this line is the header of a table of %s, one row a pair",
                 csv->source->name, place->line,
                 columns->value == SCORE ? "masked scores, whose softmax is taken" : "weights");
    note_names(csv, table, place->line, inputs);
    if (table->rows < table->pairs)
        warnings_add(&inputs->notes, "%s: %zu of %zu pairs have no row and are masked", csv->source->name,
                     table->pairs - table->rows, table->pairs);
    if (unused == columns->count)
        return;
    name_column(csv, &columns->name[unused], name, sizeof name);
    warnings_add(warnings, "%s:%zu: the column \"%s\" is not used", csv->source->name, place->line, name);
}

bool csv_is_long(const struct csv *csv)
{
    struct error ignored = {0};
    struct columns columns;
    struct csv header = *csv;
    header.error = &ignored;
    return csv_long_columns(&header, &columns);
}

bool csv_read_long(struct csv *csv, struct inputs *inputs, struct warnings *warnings)
{
    struct long_table table = {0};
    struct place place = source_place(csv->source, csv_offset(csv, csv->at));
    const char *header = csv->at;
    bool ok = csv_long_columns(csv, &table.columns);
    if (ok && (table.columns.has[FEATURE] || !table.columns.has[table.columns.value]))
        ok = source_error(
            csv->source, csv_offset(csv, header), csv->error,
            "this is a table of another stage than the weights: expected a column weight or score");
    ok = ok && number_sides(*csv, &table) && measure_axes(*csv, &table) && find_indices(*csv, &table) &&
         find_pairs(csv, &table) && read_pairs(csv, &table) &&
         put(&table, inputs, &place, warnings, csv->error);
    if (ok)
        say(csv, &table, &place, inputs, warnings);
    csv->at = csv->end;
    long_free(&table);
    return ok;
}
