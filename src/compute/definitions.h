/*
 * What other programs and papers measure under names that attn stats has too, by their own formulas, each with its source. They
 * divide by other rows than attn stats does, and so give other numbers for the same head.
 */
#ifndef ATTN_COMPUTE_DEFINITIONS_H
#define ATTN_COMPUTE_DEFINITIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/head.h"
#include "base/error.h"
#include "compute/patch_grid.h"
#include "problem/problem.h"

/* X(ENUM, NAME) for each, with BETWEEN between them. */
#define DEFINITIONS(X, BETWEEN)                                                                              \
    X(TRANSFORMERLENS, transformerlens)                                                                      \
    BETWEEN X(ARENA, arena)                                                                                  \
    BETWEEN X(GU2024, gu2024)                                                                                \
    BETWEEN X(CLARK2019, clark2019)                                                                          \
    BETWEEN X(VIT, vit)

#define DEFINITION_ENUM(upper, name) DEFINITION_##upper,
enum definition { DEFINITIONS(DEFINITION_ENUM, ) DEFINITION_COUNT };

/* Their names in one text: "transformerlens arena". */
extern const char definition_words[];

enum { DEFINITION_COLUMNS = 4 };
struct definition_kind {
    const char *name, *source;               /* program or paper, version, file */
    const char *columns[DEFINITION_COLUMNS]; /* its numbers of a head; NULL: no more */
};
extern const struct definition_kind definition_kinds[DEFINITION_COUNT];

enum error_measure { ERROR_MEASURE_MUL, ERROR_MEASURE_ABS };

/* The choices that definitions leave. */
struct definition_options {
    enum error_measure error_measure;        /* transformerlens */
    bool exclude_bos, exclude_current_token; /* transformerlens */
    double patch_size; /* vit: pixels from a patch to the next; 1: distances in patches */
};

/* What is known of the tokens of a problem. Begins zeroed; definition_free in any case. */
struct definition_places {
    enum definition which;
    struct definition_options options;
    size_t n;
    size_t *same; /* of each token the one before with its label; NULL: not known, or not asked; owned */
    struct patch_grid grid;
};

/* Errors: ERROR_INPUT where the queries are no keys, or there is no grid for `vit`; no memory. */
bool definition_begin(struct definition_places *places, enum definition which,
                      const struct definition_options *options, const struct problem *problem,
                      struct error *error);

/*
 * The numbers of a head's weights, n×n, in the order of the columns; NaN where there is none. `name` is that of the head in
 * messages. ERROR_INPUT where the definition has no number for such weights: transformerlens with `abs`, a weight on a later key.
 *
 * transformerlens: the patterns have 1 at the key before the query (previous_token_head), at earlier keys with its token
 * (duplicate_token_head), at keys up to it behind one that has its token (induction_head), else 0. mul: Σ weight·pattern / Σ weight;
 * abs: 1 − Σ |weight − pattern| / n, of which the quotient is rounded to three decimals. Column 0 (exclude_bos) and the diagonal
 * (exclude_current_token) are 0 in the weights, with abs in the differences.
 *
 * arena: means of the diagonal (current_attn), of that below it (prev_attn), of column 0 (first_attn), and of the diagonal on which
 * the second half of a sequence BOS, x, x is behind the token of the first (induction_attn): seq_len − 1 keys back, seq_len being
 * half of n − 1, rounded down.
 *
 * gu2024: the mean weight on key 0, the importance score of their equation.
 *
 * vit: the mean over queries that are patches of Σ weight·distance over keys that are patches, Euclidean, in pixels; what the weights
 * on other tokens take away is not made up for.
 */
bool definition_measure(const struct definition_places *places, const struct strided *weights,
                        const char *name, double values[DEFINITION_COLUMNS], struct error *error);

void definition_free(struct definition_places *places);

#endif
