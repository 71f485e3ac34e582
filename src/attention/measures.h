/* What a head does, in a few numbers. */
#ifndef ATTN_ATTENTION_MEASURES_H
#define ATTN_ATTENTION_MEASURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one row of weights. All are 0 where the row sees nothing, NaN where it is NaN. */
struct row_measures {
    float entropy;  /* -Σ w·ln w, in nats (Shannon 1948) */
    float max;      /* the largest weight */
    float distance; /* Σ w·|p-j| in tokens, where p = i + offset is where the query stands among the keys */
    float first;    /* weight on key 0 */
    size_t argmax;  /* the first key with the largest weight; SIZE_MAX where the row sees nothing or is NaN */
};

/* Of a head: means over the rows that see something and hold no NaN. Entropy and distance are NaN where they
 * mean nothing. */
struct measures {
    double entropy;  /* nats */
    double distance; /* tokens */
    double first;
    float largest; /* the largest weight of all, and where; the first such pair */
    size_t largest_query, largest_key;
    size_t rows; /* rows counted; 0: the others are NaN */
    size_t blind_rows, nan_rows;
    size_t allowed; /* pairs that the masks allow, set by who knows them */
};

/* Measures a row by the keys that it may look at, `count` of them in rising order; `position` is where the
 * query stands among the keys. Where the weights are no shares of one whole (`shares`), as those of a
 * recurrence, entropy and distance mean nothing and are NaN. */
struct row_measures measures_row(const float *row, const size_t *keys, size_t count, double position,
                                 bool shares);

/* Over rows[0..n), in order, so that the result does not depend on who measured them. */
struct measures measures_head(const struct row_measures *rows, size_t n);

#endif
