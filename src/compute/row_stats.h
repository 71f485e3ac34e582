/*
 * One row of weights, measured, and added to what is known of its head.
 *
 * Sums are of whole multiples of 2⁻⁴⁰: they do not depend on the order in which rows come, so that any number of threads gives the
 * same.
 */
#ifndef ATTN_COMPUTE_ROW_STATS_H
#define ATTN_COMPUTE_ROW_STATS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/head.h"
#include "attention/measures.h"
#include "engine/weights.h"

/* X(ENUM, NAME) for each measure, with BETWEEN between them, in the order in which they are shown. */
#define STATS(X, BETWEEN)                                                                                    \
    X(ENTROPY, entropy) BETWEEN X(ENTROPY_NORMALIZED, entropy_normalized)                                    \
    BETWEEN                                                                                                  \
    X(EFFECTIVE_KEYS, effective_keys) BETWEEN X(EFFECTIVE_SHARE, effective_share)                            \
    BETWEEN                                                                                                  \
    X(SLOPE, slope)                                                                                          \
    BETWEEN                                                                                                  \
    X(MEAN_DISTANCE, mean_distance) BETWEEN X(CONFIDENCE, confidence)                                        \
    BETWEEN                                                                                                  \
    X(MAX_WEIGHT, max_weight)                                                                                \
    BETWEEN                                                                                                  \
    X(FIRST_TOKEN, first_token) BETWEEN X(SELF, self)                                                        \
    BETWEEN                                                                                                  \
    X(PREVIOUS_TOKEN, previous_token) BETWEEN X(NEXT_TOKEN, next_token)                                      \
    BETWEEN                                                                                                  \
    X(LOCAL, local) BETWEEN X(DUPLICATE_TOKEN, duplicate_token)                                              \
    BETWEEN                                                                                                  \
    X(INDUCTION, induction) BETWEEN X(DIAGONAL, diagonal)                                                    \
    BETWEEN                                                                                                  \
    X(NORM_FIRST_TOKEN, norm_first_token) BETWEEN X(NORM_SELF, norm_self)                                    \
    BETWEEN                                                                                                  \
    X(NORM_PREVIOUS_TOKEN, norm_previous_token) BETWEEN X(IDLE, idle)                                        \
    BETWEEN                                                                                                  \
    X(OUTPUT_SHARE, output_share) BETWEEN X(SCORE_STD, score_std)                                            \
    BETWEEN                                                                                                  \
    X(OFFSET, offset) BETWEEN X(OFFSET_SHARE, offset_share)                                                  \
    BETWEEN                                                                                                  \
    X(COVERAGE_90, coverage_90) BETWEEN X(SINK, sink)                                                        \
    BETWEEN X(COLUMNS, columns)

#define STAT_ENUM(upper, name) STAT_##upper,
enum stat { STATS(STAT_ENUM, ) STAT_COUNT };

/* Their names, and these in one text: "entropy entropy_normalized". */
extern const char *const stat_names[STAT_COUNT];
extern const char stat_words[];

/* Numbers in steps of 2⁻⁴⁰. */
__extension__ typedef __int128 wide_sum;
struct exact_sum {
    wide_sum sum;
    size_t rows;
    bool is_lost; /* a number was 2⁶⁰ or more, which no weight of a model is */
};

void exact_add(struct exact_sum *sum, double value);

/* NaN of no row, and of one that is lost. */
double exact_mean(const struct exact_sum *sum);

/* What a key's sums are in steps of: 2⁻⁴⁰. */
#define KEY_STEPS 0x1p40

/* The measures that are means over rows: those up to output_share, but for max_weight. */
enum { STAT_MEANS = STAT_OUTPUT_SHARE + 1 };
/* Those of where weight lies: from first_token to diagonal. */
enum { STAT_PLACES = STAT_DIAGONAL - STAT_FIRST_TOKEN + 1 };

/* What a worker has seen of a head. */
struct stats_sums {
    struct exact_sum mean[STAT_MEANS];
    /* Of measures of where weight lies, from first_token on: their means and variances in rows that look at one key, drawn from those
     * that they may see. */
    struct exact_sum chance[STAT_PLACES], spread[STAT_PLACES];
    float largest; /* and the first pair that has it; query SIZE_MAX: there is none */
    size_t query, key;
    size_t rows, blind_rows, nan_rows;
    size_t chosen;               /* rows of two keys and more */
    size_t narrow;               /* rows of too few keys for columns */
    struct heaviest_guess guess; /* of the row before */
};

/* What all workers have seen of the keys of a head, and how often a row was one thing or the other. */
struct stats_columns {
    _Atomic int64_t *weight; /* m: sums in steps of 2⁻⁴⁰ */
    _Atomic int64_t *narrow; /* m: what of them is in narrow rows */
    _Atomic int64_t
        *begins; /* m + 1: how many ranges of keys that a row may see begin here, less those that end */
    _Atomic uint32_t
        *offset; /* n + m - 1: rows whose largest weight lies so far from them, from -(n - 1) on */
    _Atomic uint32_t *needed; /* m + 1: rows of which so many keys make 0.9 */
    atomic_bool is_too_large; /* a weight that the sums of keys do not hold */
    struct score_sums scores; /* of the rows that count, in their order */
};

struct row_sums; /* compute/request.h */

/* What is known of the places of queries and keys. */
struct stats_places {
    size_t n, m;
    size_t *same; /* of each key: the one before it with the same token, or SIZE_MAX; NULL: not known */
    double *patch_distance; /* rows×columns of a patch grid, by how far apart; NULL: there is none */
    size_t patch_first, patch_columns, patch_count;
};

/* What a row itself was measured as. */
struct row_record {
    float value[STAT_MEANS]; /* NaN: it has no such measure */
    size_t keys;             /* that it may see */
    size_t largest;          /* the key with the largest weight; SIZE_MAX: it has no choice */
    size_t needed;           /* how many keys make 0.9 of it; 0: not known */
};

/* A row, and where its measures go. The caller sets all but what is below. */
struct stats_row {
    const struct stats_places *places;
    const struct head *head; /* what masks its pairs */
    struct stats_sums *sums;
    struct stats_columns *columns;
    const float *weights;         /* m */
    const struct row_sums *known; /* what it sums up to; NULL: that is measured */
    int64_t *numbers;             /* room for m */
    size_t i;
    int64_t position;   /* of the query among the keys */
    bool are_shares;    /* the weights are shares of a whole */
    bool are_given;     /* they were not computed, and may be on masked pairs */
    const float *norms; /* m: what the head writes of each key (compute/value_norms.h); NULL: not known */
    struct row_record *record; /* of the row alone; NULL: nobody asks */
    bool are_keys;             /* the queries are keys: there is a self, and a distance */

    size_t count;     /* keys that it may see */
    size_t from, end; /* the range that they lie in */
    bool is_range;    /* they are all of it */
    bool are_small;   /* no weight is 2¹¹ or more, or -2¹¹ or less */
};

/* Whether the row may see a key, of any number. */
bool row_has(const struct stats_row *row, int64_t key);

/* Adds a value of the row to its mean over rows. */
void row_measure(struct stats_row *row, enum stat stat, double value);

/* Adds a row's weight on `keys` of those that it may see to a mean over rows, of a measure of where weight lies, and to what chance has there. */
void row_add(struct stats_row *row, enum stat stat, double weight, size_t keys);

/* Measures a row; false where it sees no key or is NaN, which is counted. From any thread that has sums and numbers of its own. */
bool row_stats_measure(struct stats_row *row);

/* The weight of a key in KEY_STEPS. */
int64_t row_key_steps(const struct stats_row *row, size_t key);

/* Adds the weights of a row that was measured to those of its keys, m numbers. */
void row_stats_keys(const struct stats_row *row, int64_t *keys);

#endif
