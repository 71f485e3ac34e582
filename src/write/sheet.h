/* A sheet of numbers under names of its own, with what is said of all of it, as JSON (docs/attn-sheet.schema.json) and CSV. */
#ifndef ATTN_WRITE_SHEET_H
#define ATTN_WRITE_SHEET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"

/* Cells of a column: whole numbers, numbers of float32, or text. */
enum cell_kind { CELL_COUNT, CELL_NUMBER, CELL_TEXT };

struct sheet_column {
    const char *name;
    enum cell_kind kind;
    bool is_hidden; /* not in the table for people */
};

/* `text` is owned. A number that is NaN, and a text that is NULL, is nothing. */
struct sheet_cell {
    double number;
    char *text;
};

/* What is said of the whole sheet; texts are borrowed. */
enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_TRUTH };
struct sheet_field {
    const char *name;
    enum field_kind kind;
    const char *text;
    double number;
};

enum { SHEET_COLUMNS = 16, SHEET_FIELDS = 12 };

/* Begins zeroed; sheet_free in any case. */
struct sheet {
    const char *title; /* or NULL; borrowed */
    struct sheet_field fields[SHEET_FIELDS];
    size_t field_count;
    const char *rows_name; /* "heads" */
    struct sheet_column columns[SHEET_COLUMNS];
    size_t column_count;
    struct sheet_cell *cells; /* row_count×column_count; owned */
    size_t row_count;
    size_t *order; /* the rows that are shown; shown_count; owned */
    size_t shown_count;
    /* A number for each two rows, row_count×row_count, called pairs_name; NULL: none; owned. */
    const char *pairs_name;
    double *pairs;
    /* A matrix of each row, row_count×matrix_size×matrix_size, owned, between tokens from matrix_first on. In JSON it is called
     * matrix_name; CSV has a line a cell, with the cell as matrix_cell, in the place of the columns behind the first two. */
    const char *matrix_name, *matrix_cell;
    float *matrices;
    size_t matrix_size, matrix_first;
};

/* No kind of sheet says more than SHEET_FIELDS, or has more than SHEET_COLUMNS. */
void sheet_say_text(struct sheet *sheet, const char *name, const char *text);
void sheet_say_number(struct sheet *sheet, const char *name, double number);
void sheet_say_truth(struct sheet *sheet, const char *name, bool truth);
void sheet_add_column(struct sheet *sheet, const char *name, enum cell_kind kind, bool is_hidden);

/* Makes empty cells in `row_count` rows, all shown in their order. Errors: no memory. */
bool sheet_make_rows(struct sheet *sheet, size_t row_count, struct error *error);

/* Takes the memory of the matrices. Errors: no memory. */
bool sheet_make_matrices(struct sheet *sheet, size_t matrix_size, struct error *error);

static inline float *sheet_matrix(const struct sheet *sheet, size_t row)
{
    return sheet->matrices + row * sheet->matrix_size * sheet->matrix_size;
}

static inline struct sheet_cell *sheet_cell(const struct sheet *sheet, size_t row, size_t column)
{
    return &sheet->cells[row * sheet->column_count + column];
}

/* Shows the rows with the largest number of a column first, or the smallest; those without one last, equal ones in the order of the
 * rows. Errors: no memory. */
bool sheet_sort(struct sheet *sheet, size_t column, bool rises, struct error *error);

/* Shows the first `count` alone; 0: all. */
void sheet_cut(struct sheet *sheet, size_t count);

void sheet_json(struct out *out, const struct sheet *sheet);
/* A line a row under one of headings; what there is not is empty. Columns of pairs are called by the first two cells of their rows:
 * LAYER.HEAD. */
void sheet_csv(struct out *out, const struct sheet *sheet);

void sheet_free(struct sheet *sheet);

#endif
