#include "view/explain_table.h"

#include <stdio.h>

#include "base/label_text.h"
#include "base/text.h"
#include "view/table_text.h"

enum { CELL_WIDTH = 10, NAME_WIDTH = 20 };

/* The table while it is written. */
struct key_table {
    const struct explain_steps *steps;
    struct out *out;
    size_t name_width; /* columns of the names at the left */
};

/* The name of a key at the left of its row: "  3 \"label\"". */
static void key_name(const struct explain_steps *steps, size_t key, char out[160])
{
    char label[128];
    label_text(labels_shown(steps->key_tokens)[key], label);
    snprintf(out, 160, "%3zu %s", key, label);
}

/* The name at the left of a row. */
static void write_name(const struct key_table *table, const char *name)
{
    out_text(table->out, "   ");
    table_text(table->out, name, table->name_width, false);
}

/* The cell of a column, at its right. */
static void write_cell(const struct key_table *table, const struct explain_column *column, const char *text)
{
    const size_t width = text_columns(column->heading);
    out_text(table->out, "  ");
    table_text(table->out, text, width > CELL_WIDTH ? width : CELL_WIDTH, true);
}

/* A row, whose cells `cell` gives: a number, or false for none. */
static void write_row(const struct key_table *table, const char *name, size_t key,
                      bool (*cell)(const struct explain_column *column, size_t key, double *number))
{
    write_name(table, name);
    for (size_t c = 0; c < table->steps->column_count; c++) {
        const struct explain_column *column = &table->steps->columns[c];
        char text[24];
        double number;
        if (column->heading[0])
            write_cell(table, column, cell(column, key, &number) ? label_number(number, text) : "");
    }
    out_char(table->out, '\n');
}

static bool cell_of_key(const struct explain_column *column, size_t key, double *number)
{
    *number = column->values[key];
    return true;
}

static bool cell_of_sink(const struct explain_column *column, size_t key, double *number)
{
    (void)key;
    *number = column->sink;
    return column->summed;
}

static bool cell_of_sum(const struct explain_column *column, size_t key, double *number)
{
    (void)key;
    *number = column->sum;
    return column->summed;
}

static void write_headings(const struct key_table *table)
{
    write_name(table, "key");
    for (size_t c = 0; c < table->steps->column_count; c++)
        if (table->steps->columns[c].heading[0])
            write_cell(table, &table->steps->columns[c], table->steps->columns[c].heading);
    out_char(table->out, '\n');
}

/* The row of the keys that have none of their own: their weight, which is the last column. */
static void write_others(const struct key_table *table)
{
    const struct explain_steps *steps = table->steps;
    const size_t count = steps->key_count - steps->row_count;
    const struct explain_column *last = NULL;
    char name[48], text[24];
    for (size_t c = 0; c < steps->column_count; c++)
        last = steps->columns[c].heading[0] ? &steps->columns[c] : last;
    snprintf(name, sizeof name, "%zu other%s", count, count == 1 ? "" : "s");
    write_name(table, name);
    for (size_t c = 0; c < steps->column_count; c++)
        if (steps->columns[c].heading[0])
            write_cell(table, &steps->columns[c],
                       &steps->columns[c] == last ? label_number(steps->rest, text) : "");
    out_char(table->out, '\n');
}

void explain_table(const struct explain_steps *steps, struct out *out)
{
    struct key_table table = {.steps = steps, .out = out, .name_width = NAME_WIDTH};
    char name[160];
    for (size_t r = 0; r < steps->row_count; r++) {
        key_name(steps, steps->rows[r], name);
        const size_t width = text_columns(name);
        table.name_width = width > table.name_width ? width : table.name_width;
    }
    write_headings(&table);
    for (size_t r = 0; r < steps->row_count; r++) {
        key_name(steps, steps->rows[r], name);
        write_row(&table, name, steps->rows[r], cell_of_key);
    }
    if (steps->row_count < steps->key_count)
        write_others(&table);
    if (steps->has_sink)
        write_row(&table, "sink", 0, cell_of_sink);
    write_row(&table, "sum", 0, cell_of_sum);
}
