/*
 * Between the files of the CSV reader: csv_cells.c reads cells, csv.c makes matrices and labels of them,
 * csv_parts.c does so on several threads, csv_tidy.c reads back the tables of weights that attn writes.
 */
#ifndef ATTN_READ_CSV_PRIVATE_H
#define ATTN_READ_CSV_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"
#include "read/inputs_put.h"
#include "read/read.h"

/* A text that is being read. Lines end in LF or CR LF, or with the text. */
struct csv {
    const struct source *source;
    const char *at, *end;
    char delimiter; /* ' ' stands for runs of blanks and tabs, where nothing is quoted */
    struct error *error;
};

struct cell {
    const char *start, *end; /* the bytes of the text, without the quotes around them */
    bool quoted;
    bool last; /* its line ends behind it */
};

size_t csv_offset(const struct csv *csv, const char *at);

/* Reads the next cell of the line; csv->at is then behind its delimiter or line end. Errors: a quote that
 * does not close, text behind a closing quote. */
bool csv_cell(struct csv *csv, struct cell *cell);

/* Reads the next cell as a number, or as true or false in any case; fast for plain numbers. *last: as in a
 * cell. Errors: anything else, with its place. */
bool csv_number(struct csv *csv, float *value, unsigned *holds, bool *last);

/* Whether the whole cell, blanks around it aside, is a number, or true or false. */
bool csv_cell_number(const struct cell *cell, float *value, unsigned *holds);
bool csv_cell_empty(const struct cell *cell);

/* The text of a cell, which the caller frees. NULL and an error for text that is not
 * UTF-8, and without memory. */
char *csv_cell_text(const struct csv *csv, const struct cell *cell, struct error *error);

/* Moves behind a blank line. False, with nothing changed, where csv->at is at anything else. */
bool csv_skip_blank_line(struct csv *csv);

/* Moves behind comments and blank lines in front, and finds the delimiter by the first line behind them. */
void csv_begin(struct csv *csv);

/* Rows of numbers; holds as in a tensor. */
struct csv_numbers {
    float *data; /* rows×columns; owned */
    size_t rows, columns;
    unsigned holds;
};

/* Reads all rows from csv->at to the end of the text on several threads, if the text is large and the rows
 * are of one length and hold nothing but numbers. False, with nothing changed: read them one by one, because
 * they may hold something else, or an error. */
bool csv_read_parts(struct csv *csv, struct csv_numbers *numbers);

/* Whether the first line is the header of a table of weights that attn wrote, one
 * row a pair (a tidy table). */
bool csv_is_tidy(const struct csv *csv);
/* Whether it is the header of a tidy table of another stage. Such tables are not read back. */
bool csv_is_stage(const struct csv *csv);
/* Reads a tidy table of weights as attention, tokens and key_tokens. */
bool csv_read_tidy(struct csv *csv, struct inputs *inputs, struct warnings *warnings);

#endif
