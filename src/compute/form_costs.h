/* What a layer would cost in several forms of attention, side by side: the pairs of query and key, the products for scores
 * and output, and the numbers that have to be held. */
#ifndef ATTN_COMPUTE_FORM_COSTS_H
#define ATTN_COMPUTE_FORM_COSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "problem/problem.h"

enum cost_form { FORM_FULL, FORM_CAUSAL, FORM_WINDOW, FORM_BLOCK, FORM_LINEAR, FORM_GIVEN, FORM_COUNT };

/* Their names: "full", "causal", "window", "block", "linear", and for the masks of the input "given". */
extern const char *const form_names[FORM_COUNT];

/* Over all heads of the layer. */
struct form_costs {
    size_t layer; /* as it is shown */
    size_t queries, keys, heads, d_k, d_v;
    bool has_width; /* d_k is known, and with it multiply_adds; it is not where weights were given */
    int64_t window[2], block;               /* left and right, -1: without end; tokens of a block */
    bool windows_differ;                    /* by head: those of head 0 stand in `window` */
    bool is_window_chosen, is_block_chosen; /* no option or key said it: √m and √n, rounded up */
    /* NaN is what is not known, or is not there. */
    struct form_cost {
        double pairs;         /* allowed ones; a state needs none */
        double multiply_adds; /* d_k + d_v a pair; for a state d_k·d_v for each query and each key */
        double bytes;         /* in float32: of the weights of these pairs, or of the states, d_k×d_v */
    } forms[FORM_COUNT];
};

/* Counts. Each form is by itself: causal, window and block without the other masks of the input. Errors: no memory. */
bool form_costs_count(struct form_costs *costs, const struct problem *problem, size_t layer, int threads,
                      struct error *error);

#endif
