/*
 * The axes of a long table: which layers, heads, queries and keys its rows name. Where queries or keys are words, a pass numbers
 * them. Two passes count the rows and find the indices that occur.
 */
#ifndef ATTN_READ_CSV_LONG_AXES_H
#define ATTN_READ_CSV_LONG_AXES_H

#include <stdbool.h>
#include <stddef.h>

#include "problem/numbering.h"
#include "read/csv_long_columns.h"
#include "read/csv_long_rows.h"
#include "read/csv_private.h"
#include "read/csv_words.h"

/* The indices in one column. They may begin above 0 and have gaps, where only some heads or queries were
 * written: the n-th index that occurs is index n of the tensor. */
struct long_axis {
    size_t least, most; /* of the indices */
    size_t *position;   /* of index - least: n + 1 for index n of the tensor, or 0; owned */
    char **token; /* of index - least, from the first row that has it, or NULL; owned, as are the strings */
    size_t count; /* how many occur */
};

/* A table that is being read. Begins zeroed; freed by csv_long_free in any case. */
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

void csv_long_free(struct long_table *table);

/* Pass 0: numbers the words as they appear. If queries and keys are the same words, both have the numbers of the first appearance
 * in either column. */
bool csv_long_number_sides(struct csv csv, struct long_table *table);
/* Pass 1: checks and counts the rows, and finds the range of each axis. */
bool csv_long_measure(struct csv csv, struct long_table *table);
/* Pass 2: finds the indices that occur, and their tokens. */
bool csv_long_find_indices(struct csv csv, struct long_table *table);
/* Multiplies the axes, and where there are fewer rows than pairs leaves heads out that have none, and joins the sides. */
bool csv_long_find_pairs(const struct csv *csv, struct long_table *table);

/* The numbers of layers and heads that all have rows, into table->numbering. */
bool csv_long_number_axes(struct long_table *table, struct error *error);
/* The place of a row's head among those of all layers. */
size_t csv_long_head_among(const struct long_table *table, size_t heads, const struct long_row *row);

#endif
