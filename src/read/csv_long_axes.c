#include "read/csv_long_axes.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"

static void axis_free(struct long_axis *axis)
{
    for (size_t i = 0; axis->token && i <= axis->most - axis->least; i++)
        free(axis->token[i]);
    free(axis->token);
    free(axis->position);
}

void csv_long_free(struct long_table *table)
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

bool csv_long_number_sides(struct csv csv, struct long_table *table)
{
    struct columns *columns = &table->columns;
    struct csv_words *words = table->words;
    struct long_row row;
    if (!columns->words[0] && !columns->words[1])
        return true;
    while (csv_long_next(&csv, columns, &row))
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

bool csv_long_measure(struct csv csv, struct long_table *table)
{
    struct long_row row;
    struct long_axis *axes = table->axes;
    for (; csv_long_next(&csv, &table->columns, &row); ++table->rows) {
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
                                csv_index_names[i], axes[i].least, axes[i].most, table->rows);
    return true;
}

static void count_axis(struct long_axis *axis)
{
    axis->count = 0;
    for (size_t j = 0; j <= axis->most - axis->least; j++)
        if (axis->position[j])
            axis->position[j] = ++axis->count;
}

bool csv_long_find_indices(struct csv csv, struct long_table *table)
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
    while (csv_long_next(&csv, &columns, &row))
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

size_t csv_long_head_among(const struct long_table *table, size_t heads, const struct long_row *row)
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
    while (table->place && csv_long_next(&csv, &columns, &row)) {
        size_t *place = &table->place[csv_long_head_among(table, heads, &row)];
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

bool csv_long_number_axes(struct long_table *table, struct error *error)
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

bool csv_long_find_pairs(const struct csv *csv, struct long_table *table)
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
