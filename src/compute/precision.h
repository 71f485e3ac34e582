/*
 * Rows whose scores are too large for float32. Beside a score of 10^9 float32 keeps no difference below 64, so
 * that a row of such scores has equal weights where the double-precision reference still tells them apart.
 * Rows with large scores are computed both ways, and those that differ are counted.
 */
#ifndef ATTN_COMPUTE_PRECISION_H
#define ATTN_COMPUTE_PRECISION_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/head.h"
#include "base/error.h"
#include "compute/layer.h"

/* Weights that differ by no more are taken for the same. */
#define PRECISION_WEIGHT 1e-3

/* A row of weights, before dropout, both ways. Begins zeroed; freed by precision_row_free in any case. */
struct precision_row {
    double *exact;  /* m; in double precision */
    float *rounded; /* m; as the float32 engine computes it */
    size_t *keys;   /* room for m, as `sorted` */
    double *sorted;
    bool differs; /* some weight by more than PRECISION_WEIGHT */
    size_t key;   /* the key whose weight differs most; if the float32 row is NaN, the heaviest */
};

/* Takes memory for rows of m keys. Errors: no memory. */
bool precision_row_make(struct precision_row *row, size_t m, struct error *error);
/* Computes query `query` both ways. Never differs in forms of attention that are computed in double precision
 * always. Errors: no memory. */
bool precision_row_compute(struct precision_row *row, const struct head *head, size_t query,
                           struct error *error);
void precision_row_free(struct precision_row *row);

/* The rows of a problem that differ, gathered layer by layer. Begins zeroed. */
struct precision {
    size_t rows;     /* that differ, and are not NaN in float32 */
    size_t nan_rows; /* that are NaN in float32 alone */
    bool is_least;   /* there may be more: comparing all rows with large scores would take too long */
    double work;     /* multiplications so far */
    struct precision_place {
        size_t layer, head, query, key;
        double exact, rounded; /* weight of the key */
    } first, first_nan;
};

/* Adds rows [first, end) of those heads of a layer whose measures have been computed. Errors: no memory. */
bool precision_add(struct precision *precision, const struct layer *layer, const bool *heads, size_t first,
                   size_t end, struct error *error);

#endif
