/* The table in the picture of an explanation: its columns and lines, and what is written in their cells. */
#ifndef ATTN_VIEW_EXPLAIN_CELLS_H
#define ATTN_VIEW_EXPLAIN_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "compute/explain_steps.h"

enum explain_cell { CELL_NAME, CELL_VECTOR, CELL_NUMBER, CELL_BAR, CELL_TERM };
struct cells_column {
    enum explain_cell kind;
    const struct explain_column *of; /* of vectors, numbers and the bar */
    double x, width;                 /* set by the caller */
};

enum line_kind { LINE_HEADING, LINE_KEY, LINE_OTHERS, LINE_SINK, LINE_SUM };
struct cells_line {
    enum line_kind kind;
    size_t key; /* of LINE_KEY */
};

enum { CELLS_COLUMNS = EXPLAIN_COLUMNS + 3 };

struct explain_cells {
    const struct explain_steps *steps;
    const struct explain_step *scores, *sum; /* those with terms of keys; NULL: there is none */
    const struct explain_step *concat;       /* that with terms of heads, likewise */
    struct cells_column columns[CELLS_COLUMNS];
    size_t count;
    bool writes_products; /* sums stand before the scores of all keys; set by the caller */
};

/* Finds the columns: names, the vectors that come before the numbers, the numbers, the bar of the last, and the terms of
 * the sum. The steps must outlive them. */
void explain_cells_begin(struct explain_cells *cells, const struct explain_steps *steps);

/* The lines from above: writes the one with this number, counted from 0 (the heading); false behind the last, the sum. */
bool explain_cells_line(const struct explain_cells *cells, size_t number, struct cells_line *line);

/* The text of a cell, an owned string; NULL where it is empty. Errors: no memory. */
bool explain_cells_text(const struct explain_cells *cells, const struct cells_column *column,
                        const struct cells_line *line, char **text, struct error *error);

/* Writes a vector, whole where it is short; of a longer one how it begins, and `rest` (view/vector_text.h). */
void explain_cells_put_vector(struct out *out, const float *single, const double *doubled, size_t count,
                              const char *rest);

/* The term of a key in a step; NULL where it has none, or the step is NULL. */
const struct explain_term *explain_cells_term(const struct explain_step *step, size_t key);

#endif
