/*
 * Long tables: one row a pair of query and key, in columns that the header names, in any order. attn writes them,
 * and data frames and edges of a graph have this form. Pairs without a row are masked. csv_long_axes.c finds in some passes over
 * the rows which indices occur; here the last pass fills the tensors.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"
#include "read/csv_long_axes.h"
#include "read/csv_long_columns.h"
#include "read/csv_long_rows.h"
#include "read/csv_private.h"

/* The query or key of a row for a message: "query 3" or "query "the"". */
static void name_side(const struct columns *columns, const struct long_row *row, int side, char name[80])
{
    const struct cell *word = &row->word[side];
    const int length = word->end - word->start > 40 ? 40 : (int)(word->end - word->start);
    if (columns->words[side])
        snprintf(name, 80, "%s \"%.*s\"", csv_index_names[QUERY + side], length, word->start);
    else
        snprintf(name, 80, "%s %zu", csv_index_names[QUERY + side], row->index[QUERY + side]);
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
    for (const char *start = csv.at; csv_long_next(&csv, &table->columns, &row); start = csv.at) {
        size_t at = csv_long_head_among(table, table->place ? table->heads : table->axes[HEAD].count, &row);
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
    ok = ok && csv_long_number_axes(table, error);
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
    ok = ok && csv_long_number_sides(*csv, &table) && csv_long_measure(*csv, &table) &&
         csv_long_find_indices(*csv, &table) && csv_long_find_pairs(csv, &table) && read_pairs(csv, &table) &&
         put(&table, inputs, &place, warnings, csv->error);
    if (ok)
        say(csv, &table, &place, inputs, warnings);
    csv->at = csv->end;
    csv_long_free(&table);
    return ok;
}
