/*
 * Between the files of the CSV reader: csv_cells.c reads cells, csv_wrong.c says what is wrong with them,
 * csv_layout.c finds the header and the labels, csv.c makes matrices of the rows, csv_parts.c does so on several
 * threads; csv_long.c reads tables of one row a pair, csv_tokens.c lists of tokens.
 */
#ifndef ATTN_READ_CSV_PRIVATE_H
#define ATTN_READ_CSV_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"
#include "read/inputs_put.h"
#include "read/read.h"

/* A text that is being read. Lines end in LF or CR LF, or with the text. */
struct csv {
    const struct source *source;
    const char *at, *end;
    char delimiter;     /* ' ' stands for runs of blanks and tabs */
    char mark;          /* before the fraction of a number: '.' or ',' */
    size_t row, column; /* of the number that is read next, in its matrix, for messages */
    bool quotes;        /* cells between blanks may be quoted, as R writes them; others always may */
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

/* The errors of a cell that is no number, and of an empty one, in the line whose rest is at csv->at. Always false. */
bool csv_wrong_number(const struct csv *csv, const struct cell *cell);
bool csv_empty_number(const struct csv *csv, const struct cell *cell);

/* Whether the whole cell, blanks around it aside, is a number, or true or false. */
bool csv_cell_number(const struct csv *csv, const struct cell *cell, float *value, unsigned *holds);
bool csv_is_number(const struct csv *csv, const struct cell *cell);
bool csv_cell_empty(const struct cell *cell);
/* Whether the cell, blanks around it aside, is the word, in any case. */
bool csv_cell_is(const struct cell *cell, const char *word);
/* Whether it is a whole number without a sign; pandas writes 3.0 where others of its column are missing. *value (NULL: not
 * wanted) becomes the number, or CSV_INDEX_MAX where it is as large. */
#define CSV_INDEX_MAX ((size_t)INT32_MAX)
bool csv_cell_whole(const struct cell *cell, size_t *value);
/* Whether it is a word: no number, misspelt or missing, and not empty. */
bool csv_cell_word(const struct csv *csv, const struct cell *cell);
/* Whether it is no number but begins like one: "1,2x", "3 kg", "−1" with a typographic minus. */
bool csv_cell_misspelt(const struct csv *csv, const struct cell *cell);
/* Whether it is the name of a column of labels: token, index, … */
bool csv_names_labels(const struct cell *cell);

/* Whether it may be the name of a column that counts the rows: nr, row, … */
bool csv_names_count(const struct cell *cell);
/* Whether it is one of those that spreadsheets, R and pandas write for a number that is missing: NA, … */
bool csv_cell_missing(const struct cell *cell);

/* The text of a cell, which the caller frees. NULL and an error for text that is not
 * UTF-8, and without memory. */
char *csv_cell_text(const struct csv *csv, const struct cell *cell, struct error *error);

/* Moves behind a blank line. False, with nothing changed, where csv->at is at anything else. */
bool csv_skip_blank_line(struct csv *csv);

/* Moves behind a line that is a comment among rows: it begins with '#' and a blank, or is '#' alone, and is not
 * the row of a token "#". False, with nothing changed, where csv->at is at anything else. */
bool csv_skip_comment(struct csv *csv);

/* Moves behind comments and blank lines in front, where '#' begins a comment whatever follows, and finds the
 * delimiter and the decimal mark by the lines behind them. */
void csv_begin(struct csv *csv);

/* What the first line of a table is, and which columns are labels. */
struct csv_layout {
    bool header;
    bool counts;     /* the header is 0, 1, 2, …, and labels nothing */
    bool repeats;    /* it is the labels of the rows once more */
    bool square;     /* the first line might be a header of counts, but the table is square with it */
    bool quoted;     /* the header is 1, 2, 3, … in quotes, as R writes it */
    bool from_one;   /* the first line is numbers, but might be a header that counts from 1 */
    bool counted;    /* there is a header, and the first column below it counts the rows */
    size_t labels;   /* columns of labels in front; 0 also where only a row further down will tell */
    size_t label_at; /* the one of them that has the labels */
};

/* Finds the layout by the lines from csv.at on; a choice that may be meant otherwise is a warning. */
struct csv_layout csv_find_layout(struct csv csv, enum read_header said, struct warnings *warnings);

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

/* Adds a label and owns its text from then on, also on failure. NULL: text could not be
 * made, and there is an error. */
bool csv_add_label(struct labels *labels, size_t *room, char *text, struct error *error);

/* Reads tokens, one a line, into *to. */
bool csv_read_tokens(struct csv *csv, struct labels *to, const struct read_target *target);

/* Whether the first line is the header of a long table: one row a pair of query and key, with named columns. */
bool csv_is_long(const struct csv *csv);
/* Reads a long table of weights, or of masked scores, as attention, tokens and key_tokens; pairs without a row
 * are masked. Errors: a long table of anything else. */
bool csv_read_long(struct csv *csv, struct inputs *inputs, struct warnings *warnings);

#endif
