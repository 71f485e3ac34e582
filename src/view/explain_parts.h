/* What the text of an explanation is made of: explain_text.c and explain_table.c. For these alone. */
#ifndef ATTN_VIEW_EXPLAIN_PARTS_H
#define ATTN_VIEW_EXPLAIN_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/out.h"
#include "compute/explain.h"

/* Four digits; no minus before a zero. Returns `out`. */
const char *explain_number(double x, char out[24]);

/* Whether a scale, a mask for some key, and that or anything else (bias, positions) change the scores. */
bool explain_has_scale(const struct explanation *explanation);
bool explain_has_forbidden(const struct explanation *explanation);
bool explain_has_mask(const struct explanation *explanation);

/* A column of the table; where it is summed, with what the sink and all keys have of it. */
struct explain_column {
    char name[48];
    const double *values;
    bool summed;
    double sink, sum;
};

enum { COLUMNS = 7, CELL_WIDTH = 10, NAME_WIDTH = 20 };

/* Columns, and the keys that have a row, in this order. */
struct explain_table {
    struct explain_column columns[COLUMNS];
    size_t count;
    size_t *keys; /* owned */
    size_t key_count;
    size_t name_width; /* columns for what stands at the left */
    double rest;       /* what the keys without a row weigh together */
};

/* Chooses columns and keys: all in their order, or the heaviest `rows` of them. `keys` is to be freed in any
 * case. */
bool explain_table_make(struct explain_table *table, const struct explanation *explanation, size_t rows,
                        struct error *error);

/* Says what makes weights of the scores, and the table. */
void explain_table_write(const struct explanation *explanation, const struct explain_table *table,
                         struct out *out);

#endif
