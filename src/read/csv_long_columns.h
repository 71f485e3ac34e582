/* The header of a long table: what its columns hold, by their names. */
#ifndef ATTN_READ_CSV_LONG_COLUMNS_H
#define ATTN_READ_CSV_LONG_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "read/csv_private.h"

struct csv_words;

/* What a column holds. The first INDICES are the indices of a pair. */
enum column {
    LAYER,
    HEAD,
    QUERY,
    KEY,
    QUERY_TOKEN,
    KEY_TOKEN,
    WEIGHT,
    SCORE,
    MASKED,
    STAGE,
    FEATURE,
    VALUE, /* a weight, where no other column is a weight or score */
    OTHER,
    COLUMN_KINDS
};
#define INDICES 4

enum { COLUMNS_MAX = 64 };

struct columns {
    enum column kind[COLUMNS_MAX];
    struct cell name[COLUMNS_MAX];
    size_t count;
    bool has[COLUMN_KINDS];
    enum column value; /* WEIGHT, or else SCORE */
    bool words[2];     /* whether the cells of queries, and of keys, are words */
    bool renamed;      /* other names than query and key, target and source were taken for them */
    const struct csv_words *numbered[2]; /* the words, once they have numbers; borrowed */
};

/* Reads the header at csv->at, and looks at the row below it. False where it is none of a long table. */
bool csv_long_columns(struct csv *csv, struct columns *columns);

/* The column that holds this; `count` where there is none. */
size_t csv_long_column(const struct columns *columns, enum column kind);

/* The first column that nobody uses and whose name is not that of an index of rows; `count` where there is none. */
size_t csv_long_unused(const struct columns *columns);

#endif
