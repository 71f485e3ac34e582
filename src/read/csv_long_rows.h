/* The rows of a long table. */
#ifndef ATTN_READ_CSV_LONG_ROWS_H
#define ATTN_READ_CSV_LONG_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "read/csv_long_columns.h"
#include "read/csv_private.h"

/* What the indices of a pair are called. */
extern const char *const csv_index_names[INDICES];

struct long_row {
    size_t index[INDICES];
    struct cell token[2]; /* of the query and of the key */
    struct cell word[2];  /* in the place of the index of the query and of the key */
    float value;          /* the weight or the score */
    bool masked;
};

/* Moves to the next row, past blank lines, and reads it. False at the end, or after an error: a cell that its column does not hold, a
 * row that is short or long. */
bool csv_long_next(struct csv *csv, const struct columns *columns, struct long_row *row);

#endif
