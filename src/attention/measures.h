/* What a head does, in a few numbers: entropy, mean distance, weight on the first key, the largest weight. */
#ifndef ATTN_ATTENTION_MEASURES_H
#define ATTN_ATTENTION_MEASURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How some scores are spread: sums that are joined without loss where they are of many numbers that lie close together. Begins
 * zeroed. */
struct score_sums {
    size_t count;
    double mean;
    double squares; /* of the distances from the mean */
};

/* Adds the scores that `more` sums up. */
void score_sums_join(struct score_sums *sums, const struct score_sums *more);

/* Their standard deviation, √(squares/count); NaN of none, and where squares are more than a float32 holds. */
double score_sums_deviation(const struct score_sums *sums);

/* Of one row of weights. All are 0 for a row without allowed keys, NaN for a row that is NaN. */
struct row_measures {
    float entropy;  /* -Σ w·ln w, in nats (Shannon 1948) */
    float max;      /* the largest weight */
    float distance; /* Σ w·|p - j| in tokens; p = i + offset is the position of the query among the keys */
    float first;    /* weight on key 0 */
    double score;   /* the largest masked score, as computed; measures_row leaves it 0 */
    /* Of the masked scores of allowed pairs, but for those of -infinity, where a job asks for them; zeroed otherwise. */
    struct score_sums scores;
    size_t argmax; /* the first key with the largest weight; SIZE_MAX if the row has no keys or is NaN */
    bool
        is_filled; /* it may attend to no key, and its weights are those of a fill; measures_row leaves it false */
};

/* Of a head: means over the rows that have keys and no NaN. Entropy and distance are NaN if the weights are
 * no distributions. */
struct measures {
    double entropy;  /* nats */
    double distance; /* tokens */
    double first;    /* weight on key 0 */
    float largest;   /* the largest weight of all, and the first pair that has it */
    size_t largest_query, largest_key;
    size_t rows;                 /* in the means; 0: all of the above are NaN */
    size_t blind_rows, nan_rows; /* rows without keys; rows that are NaN, but for those of a fill */
    size_t filled_rows; /* rows with the weights of a fill, which count in the means unless they are NaN */
    size_t allowed;     /* pairs that the masks allow; not set here: attention/mask_count.h */
};

/* Measures a row of weights by the `count` keys that it may attend to, in rising order. `position` is that of
 * the query among the keys, in tokens. The weights of a recurrence, and those after dropout, are no
 * distribution over the keys; without `is_distribution` entropy and distance mean nothing and are NaN. */
struct row_measures measures_row(const float *row, const size_t *keys, size_t count, double position,
                                 bool is_distribution);

/* Sums up rows[0..n), in order, so that the result does not depend on threads. Leaves `allowed` 0. */
struct measures measures_head(const struct row_measures *rows, size_t n);

#endif
