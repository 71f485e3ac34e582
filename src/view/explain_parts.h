/* Between explain_text.c, the steps of an explanation in words, and
 * explain_table.c, the table of its keys. */
#ifndef ATTN_VIEW_EXPLAIN_PARTS_H
#define ATTN_VIEW_EXPLAIN_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/out.h"
#include "compute/explain.h"

/* Whether a scale other than 1, or a factor of the query, changes the scores. */
bool explain_has_scale(const struct explanation *explanation);
/* Whether some key is masked. */
bool explain_has_masked(const struct explanation *explanation);
/* Whether anything changes the scaled scores: a mask, a bias or positions. */
bool explain_has_additions(const struct explanation *explanation);

/* A column of the table, a number for each key. `summed`: with the number of the sink, and the sum of all. */
struct explain_column {
    char name[48];
    const double *values;
    bool summed;
    double sink, sum;
};

enum { COLUMNS = 10, CELL_WIDTH = 10, NAME_WIDTH = 20 };

/* The columns, and the keys that have a row, in this order. Begins zeroed. */
struct explain_table {
    struct explain_column columns[COLUMNS];
    size_t count;
    size_t *keys; /* owned */
    size_t key_count;
    size_t name_width; /* columns of the names at the left */
    double rest;       /* the sum of the weights of the keys without a row */
};

/* Chooses the columns, and the keys that have a row: all in their order, or the `rows` with the largest
 * weights. The caller frees `keys` in any case. Errors: no memory. */
bool explain_table_make(struct explain_table *table, const struct explanation *explanation, size_t rows,
                        struct error *error);

/* Writes step 3: how weights come from the scores, and the table. */
void explain_table_write(const struct explanation *explanation, const struct explain_table *table,
                         struct out *out);

#endif
