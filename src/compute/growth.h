/* What one head costs in forms of attention as its tokens become more: counted, and with the seconds that its output takes here. */
#ifndef ATTN_COMPUTE_GROWTH_H
#define ATTN_COMPUTE_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/head.h"
#include "base/error.h"
#include "problem/problem.h"

/* Each by itself. `linear` and `recurrence` go by a state of d_k×d_v numbers: linear attention without a mask, and causal as the
 * recurrence S ← S + k·vᵀ. */
enum growth_form {
    GROWTH_FULL,
    GROWTH_CAUSAL,
    GROWTH_WINDOW,
    GROWTH_BLOCK,
    GROWTH_LINEAR,
    GROWTH_RECURRENCE,
    GROWTH_FORMS
};
extern const char *const growth_names[GROWTH_FORMS];

/* The most lengths, and the most tokens. */
enum { GROWTH_MOST = 28, GROWTH_TOKENS = 1 << 27 };

struct growth {
    size_t count;
    size_t lengths[GROWTH_MOST]; /* as many queries as keys */
    size_t d_k, d_v;
    int64_t window[2]; /* keys to the left and right, -1: without end */
    size_t block;      /* tokens of a block */
    /* Neither an option nor a key said it: the smallest power of two whose square is not below the last length. */
    bool is_window_chosen, is_block_chosen;
    int threads; /* with which the seconds were measured; 0: they were not */
    struct growth_cost {
        double pairs; /* allowed ones; NaN: the form goes by a state */
        double
            multiply_adds; /* d_k + d_v a pair; d_k·d_v for each query and each key where there is a state */
        double seconds;    /* NaN: not measured */
    } cost[GROWTH_FORMS][GROWTH_MOST];
};

/* Reads "A:B": lengths from A on, each twice the one before, up to B. Errors: ERROR_USAGE. */
bool growth_parse(struct growth *growth, const char *text, struct error *error);

/* Counts for a head of the layer. Errors: ERROR_INPUT where its q and k are not known, or there is no v. */
bool growth_count(struct growth *growth, const struct problem *problem, size_t layer, struct error *error);

/* The head of a form at a length, without numbers: its rules and sizes. */
struct head growth_head(const struct growth *growth, enum growth_form form, size_t length);

#endif
