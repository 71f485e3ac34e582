/*
 * What changed between two results, head by head, in numbers. Heads are matched by layer and head, tokens by their labels
 * (compute/token_match.h), and only pairs of query and key that both results have are compared. docs/diff.md has the definitions.
 */
#ifndef ATTN_COMPUTE_HEAD_DIFF_H
#define ATTN_COMPUTE_HEAD_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/head.h"
#include "base/error.h"
#include "compute/excerpt.h"
#include "compute/token_match.h"

/* The queries and the keys of two problems. */
struct diff_match {
    const struct problem *problem[2];
    struct token_match queries, keys;
};

/* One side of a head. */
struct diff_view {
    const struct excerpt *excerpt; /* NULL: this side does not have the head */
    size_t l, h;                   /* its places in the excerpt */
    struct strided weights;        /* n×m; borrowed from the result */
    struct head rules;             /* what masks its pairs */
};

/* Of one head. Both sides have it, or one alone, and then there are no numbers. */
struct diff_head {
    size_t layer, head; /* as people have them */
    struct diff_view side[2];
    const struct diff_match *match; /* NULL: one side alone has the head */

    double
        max; /* the largest |b - a|; NaN: a weight is NaN or infinite on one side alone, or no pair is compared */
    size_t at[2]
             [2]; /* its query and key on each side: the first pair that has it; SIZE_MAX: there is no pair */
    float value[2];  /* the two weights there */
    double mean;     /* of |b - a|, over `pairs`; NaN: there is none */
    size_t pairs;    /* that a side may see, and whose weights are finite on both */
    double js;       /* mean over `rows` of the Jensen–Shannon divergence in nats; NaN: there is none */
    size_t rows;     /* that have a weight on compared keys on both sides */
    size_t nan_one;  /* pairs that are NaN or infinite on one side, and something else on the other */
    size_t nan_both; /* pairs that are NaN on both, or the same infinity */
};

/* Begins zeroed; freed by diff_free in any case. */
struct diff {
    struct diff_head *
        heads; /* in the order of layers and heads of the first result, then those of the second alone; owned */
    size_t count;
    struct diff_match **matches; /* owned */
    size_t match_count;
};

/* Compares two results whose weights are all kept; they must outlive the numbers. Errors: no memory. */
bool diff_make(struct diff *diff, const struct excerpts *a, const struct excerpts *b, int threads,
               struct error *error);
void diff_free(struct diff *diff);

/* Whether the side may see a pair, or has weight on it, which given weights may have on masked pairs. */
bool diff_sees(const struct diff_view *view, size_t query, size_t key);

/* Whether a head differs by more than the tolerance: also one that is NaN on one side alone, that one side does not have, or of which no
 * pair is compared. */
bool diff_exceeds(const struct diff_head *head, double tolerance);

#endif
