/* How well the weights of a head align two sentences: beside gold links, and by themselves. */
#ifndef ATTN_COMPUTE_ALIGNMENT_SCORES_H
#define ATTN_COMPUTE_ALIGNMENT_SCORES_H

#include <stddef.h>

#include "attention/head.h"
#include "problem/links.h"

struct alignment_scores {
    double error_rate, precision, recall; /* NaN: nothing to divide by */
    double coverage, coverage_penalty, monotonicity;
};

/*
 * The hard alignment of weights, n×m: of each query the key with the largest weight, of equal ones the first; SIZE_MAX for a row of
 * NaN, or without a weight above 0.
 */
void alignment_find(size_t *keys, const struct strided *weights, size_t n, size_t m);

/*
 * Scores it. With A the links of the alignment, S the sure gold links and P all of them (Och and Ney 2003, 5): precision |A∩P|/|A|,
 * recall |A∩S|/|S|, error rate 1 − (|A∩S| + |A∩P|)/(|A| + |S|).
 *
 * coverage: the share of keys that a query is linked to. coverage_penalty: Σ ln min(Σ weights on the key, 1) over the keys, of Wu et
 * al. 2016 (7), without their factor β; -infinity where a key has no weight. monotonicity: of the linked queries but the first, the
 * share whose key is no earlier than that of the linked query before; NaN of fewer than two.
 */
void alignment_measure(struct alignment_scores *scores, const size_t *keys, const struct strided *weights,
                       size_t n, size_t m, const struct word_links *gold);

#endif
