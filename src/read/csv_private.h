/*
 * Between the rooms of the CSV reader: csv_cells.c takes the text apart, csv.c makes matrices and labels of
 * it, csv_parts.c does so for large ones, csv_tidy.c reads back what attn wrote itself.
 */
#ifndef ATTN_READ_CSV_PRIVATE_H
#define ATTN_READ_CSV_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"
#include "read/inputs_put.h"
#include "read/read.h"

/* A text on the way. Lines end in LF or CR LF, or with the text. */
struct csv {
    const struct source *source;
    const char *at, *end;
    char delimiter; /* ' ' stands for runs of blanks and tabs, where nothing is quoted */
    struct error *error;
};

struct cell {
    const char *start, *end; /* as it stands, without the quotes */
    bool quoted;
    bool last; /* of its line */
};

size_t csv_offset(const struct csv *csv, const char *at);

/* Reads the next cell of the line; csv->at is then behind its delimiter or line end. Errors: quotes that do
 * not fit. */
bool csv_cell(struct csv *csv, struct cell *cell);

/* Reads the next cell as a number, or as true or false in any case, fast where it is plain. *last: as in a
 * cell. Errors: anything else, by its place. */
bool csv_number(struct csv *csv, float *value, unsigned *holds, bool *last);

/* Whether the whole cell is a number, or true or false, blanks around it aside. */
bool csv_cell_number(const struct cell *cell, float *value, unsigned *holds);
bool csv_cell_empty(const struct cell *cell);

/* The text of a cell, which the caller frees. NULL and an error for text that is not UTF-8, and without
 * memory. */
char *csv_cell_text(const struct csv *csv, const struct cell *cell, struct error *error);

/* Whether only blanks stand up to the line end, or the end of the text. Then moves behind it. */
bool csv_skip_blank_line(struct csv *csv);

/* Moves behind comments and blank lines in front, and tells the delimiter from the first line behind them. */
void csv_begin(struct csv *csv);

/* Rows of numbers; holds as in a tensor. */
struct csv_numbers {
    float *data; /* rows×columns; owned */
    size_t rows, columns;
    unsigned holds;
};

/* Reads all rows from csv->at to the end of the text, on several threads, where it is a large text and they
 * are rows of one length of nothing but numbers. False, with nothing changed: read them one by one, for they
 * may be something else, or wrong. */
bool csv_read_parts(struct csv *csv, struct csv_numbers *numbers);

/* Whether the text, at its first line, is one that attn wrote: one row a pair. */
bool csv_is_tidy(const struct csv *csv);
/* Whether it is a tidy table of something else than weights, which is not read back. */
bool csv_is_stage(const struct csv *csv);
bool csv_read_tidy(struct csv *csv, struct inputs *inputs, struct warnings *warnings);

#endif
