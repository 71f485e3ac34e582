#include "write/sheet.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "write/csv.h"

static void sheet_say(struct sheet *sheet, struct sheet_field field)
{
    assert(sheet->field_count < SHEET_FIELDS);
    sheet->fields[sheet->field_count++] = field;
}

void sheet_say_text(struct sheet *sheet, const char *name, const char *text)
{
    sheet_say(sheet, (struct sheet_field){.name = name, .kind = FIELD_TEXT, .text = text});
}

void sheet_say_number(struct sheet *sheet, const char *name, double number)
{
    sheet_say(sheet, (struct sheet_field){.name = name, .kind = FIELD_NUMBER, .number = number});
}

void sheet_say_truth(struct sheet *sheet, const char *name, bool truth)
{
    sheet_say(sheet, (struct sheet_field){.name = name, .kind = FIELD_TRUTH, .number = truth});
}

void sheet_add_column(struct sheet *sheet, const char *name, enum cell_kind kind, bool is_hidden)
{
    assert(sheet->column_count < SHEET_COLUMNS);
    sheet->columns[sheet->column_count++] = (struct sheet_column){name, kind, is_hidden};
}

bool sheet_make_rows(struct sheet *sheet, size_t row_count, struct error *error)
{
    size_t cells;
    if (!size_multiply(row_count, sheet->column_count, &cells))
        return error_memory(error, SIZE_MAX);
    sheet->cells = memory_zeroed(cells, sizeof *sheet->cells, error);
    sheet->order = memory_alloc(row_count, sizeof *sheet->order, error);
    if (!sheet->cells || !sheet->order)
        return false;
    sheet->row_count = sheet->shown_count = row_count;
    for (size_t i = 0; i < cells; i++)
        sheet->cells[i].number = (double)NAN;
    for (size_t i = 0; i < row_count; i++)
        sheet->order[i] = i;
    return true;
}

bool sheet_make_matrices(struct sheet *sheet, size_t matrix_size, struct error *error)
{
    size_t cells;
    if (!size_multiply(matrix_size, matrix_size, &cells) || !size_multiply(cells, sheet->row_count, &cells))
        return error_memory(error, SIZE_MAX);
    sheet->matrices = memory_alloc(cells, sizeof *sheet->matrices, error);
    sheet->matrix_size = matrix_size;
    return sheet->matrices;
}

void sheet_free(struct sheet *sheet)
{
    for (size_t i = 0; i < sheet->row_count * sheet->column_count; i++)
        free(sheet->cells[i].text);
    free(sheet->cells);
    free(sheet->order);
    free(sheet->pairs);
    free(sheet->matrices);
    *sheet = (struct sheet){0};
}

/* ---- order ---- */

struct ranked_row {
    double rank;
    size_t row;
};

static int compare_ranks(const void *a, const void *b)
{
    const struct ranked_row *left = a, *right = b;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    return (left->row > right->row) - (left->row < right->row);
}

bool sheet_sort(struct sheet *sheet, size_t column, bool rises, struct error *error)
{
    struct ranked_row *rows = memory_alloc(sheet->row_count, sizeof *rows, error);
    const bool ok = rows;
    for (size_t i = 0; rows && i < sheet->row_count; i++) {
        const double value = sheet_cell(sheet, i, column)->number;
        rows[i] = (struct ranked_row){isnan(value) ? (double)INFINITY : rises ? value : -value, i};
    }
    if (rows)
        qsort(rows, sheet->row_count, sizeof *rows, compare_ranks);
    for (size_t i = 0; rows && i < sheet->row_count; i++)
        sheet->order[i] = rows[i].row;
    free(rows);
    return ok;
}

void sheet_cut(struct sheet *sheet, size_t count)
{
    if (count > 0 && count < sheet->shown_count)
        sheet->shown_count = count;
}

/* ---- JSON ---- */

static void put_sheet_number(struct out *out, enum cell_kind kind, double number, const char *none)
{
    if (isnan(number))
        out_text(out, none);
    else if (isinf(number) && !*none) /* of CSV, which has a word for it */
        csv_value(out, (float)number);
    else if (kind == CELL_COUNT)
        out_format(out, "%.0f", number);
    else
        out_float(out, (float)number);
}

static void put_fields(struct out *out, const struct sheet *sheet)
{
    for (size_t i = 0; i < sheet->field_count; i++) {
        const struct sheet_field *field = &sheet->fields[i];
        out_format(out, ",\n\"%s\":", field->name);
        if (field->kind == FIELD_TEXT)
            out_quoted(out, field->text);
        else if (field->kind == FIELD_TRUTH)
            out_text(out, field->number != 0 ? "true" : "false");
        else
            out_float(out, (float)field->number);
    }
}

static void put_matrix(struct out *out, const struct sheet *sheet, size_t row)
{
    const float *cell = sheet_matrix(sheet, row);
    out_format(out, ",\"%s\":[", sheet->matrix_name);
    for (size_t i = 0; i < sheet->matrix_size; i++) {
        out_text(out, i > 0 ? ",\n[" : "\n[");
        for (size_t j = 0; j < sheet->matrix_size; j++) {
            out_text(out, j > 0 ? "," : "");
            out_float(out, *cell++);
        }
        out_char(out, ']');
    }
    out_char(out, ']');
}

static void put_sheet_row(struct out *out, const struct sheet *sheet, size_t row)
{
    for (size_t c = 0; c < sheet->column_count; c++) {
        const struct sheet_column *column = &sheet->columns[c];
        const struct sheet_cell *cell = sheet_cell(sheet, row, c);
        out_format(out, "%s\"%s\":", c > 0 ? "," : "{", column->name);
        if (column->kind != CELL_TEXT)
            put_sheet_number(out, column->kind, cell->number, "null");
        else if (cell->text)
            out_quoted(out, cell->text);
        else
            out_text(out, "null");
    }
    if (sheet->matrices)
        put_matrix(out, sheet, row);
    out_char(out, '}');
}

static void put_sheet_pairs(struct out *out, const struct sheet *sheet)
{
    out_format(out, ",\n\"%s\":[", sheet->pairs_name);
    for (size_t i = 0; i < sheet->shown_count; i++) {
        const double *pairs = sheet->pairs + sheet->order[i] * sheet->row_count;
        out_text(out, i > 0 ? ",\n[" : "\n[");
        for (size_t j = 0; j < sheet->shown_count; j++) {
            out_text(out, j > 0 ? "," : "");
            out_float(out, (float)pairs[sheet->order[j]]);
        }
        out_char(out, ']');
    }
    out_char(out, ']');
}

void sheet_json(struct out *out, const struct sheet *sheet)
{
    out_text(out, "{\"schema\":\"attn-sheet/1\"");
    if (sheet->title) {
        out_text(out, ",\n\"title\":");
        out_quoted(out, sheet->title);
    }
    put_fields(out, sheet);
    out_format(out, ",\n\"%s\":[", sheet->rows_name);
    for (size_t i = 0; i < sheet->shown_count; i++) {
        out_text(out, i > 0 ? ",\n" : "\n");
        put_sheet_row(out, sheet, sheet->order[i]);
    }
    out_char(out, ']');
    if (sheet->pairs)
        put_sheet_pairs(out, sheet);
    out_text(out, "}\n");
}

/* ---- CSV ---- */

static void csv_head(struct out *out, const struct sheet *sheet)
{
    for (size_t c = 0; c < sheet->column_count; c++)
        out_format(out, "%s%s", c > 0 ? "," : "", sheet->columns[c].name);
    for (size_t i = 0; sheet->pairs && i < sheet->shown_count; i++)
        out_format(out, ",%.0f.%.0f", sheet_cell(sheet, sheet->order[i], 0)->number,
                   sheet_cell(sheet, sheet->order[i], 1)->number);
    out_char(out, '\n');
}

/* A line a cell. */
static void csv_matrices(struct out *out, const struct sheet *sheet)
{
    out_format(out, "%s,%s,query,key,%s\n", sheet->columns[0].name, sheet->columns[1].name,
               sheet->matrix_cell);
    for (size_t k = 0; k < sheet->shown_count; k++) {
        const size_t row = sheet->order[k], n = sheet->matrix_size;
        for (size_t at = 0; at < n * n; at++) {
            for (size_t c = 0; c < 2; c++) {
                put_sheet_number(out, CELL_COUNT, sheet_cell(sheet, row, c)->number, "");
                out_char(out, ',');
            }
            out_format(out, "%zu,%zu,", sheet->matrix_first + at / n, sheet->matrix_first + at % n);
            put_sheet_number(out, CELL_NUMBER, (double)sheet_matrix(sheet, row)[at], "");
            out_char(out, '\n');
        }
    }
}

void sheet_csv(struct out *out, const struct sheet *sheet)
{
    if (sheet->matrices) {
        csv_matrices(out, sheet);
        return;
    }
    csv_head(out, sheet);
    for (size_t i = 0; i < sheet->shown_count; i++) {
        const size_t row = sheet->order[i];
        for (size_t c = 0; c < sheet->column_count; c++) {
            const struct sheet_cell *cell = sheet_cell(sheet, row, c);
            out_text(out, c > 0 ? "," : "");
            if (sheet->columns[c].kind != CELL_TEXT)
                put_sheet_number(out, sheet->columns[c].kind, cell->number, "");
            else if (cell->text)
                csv_field(out, cell->text);
        }
        for (size_t j = 0; sheet->pairs && j < sheet->shown_count; j++) {
            out_char(out, ',');
            put_sheet_number(out, CELL_NUMBER, sheet->pairs[row * sheet->row_count + sheet->order[j]], "");
        }
        out_char(out, '\n');
    }
}
