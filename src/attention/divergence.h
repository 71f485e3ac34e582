/*
 * How far two rows of weights are from each other. The Jensen–Shannon divergence: Lin, Divergence Measures Based on the Shannon
 * Entropy, IEEE Transactions on Information Theory 37(1), 1991, eq. 3.4 with weights of a half, in nats.
 */
#ifndef ATTN_ATTENTION_DIVERGENCE_H
#define ATTN_ATTENTION_DIVERGENCE_H

#include <stddef.h>

/*
 * ½ Σ p ln(p/r) + ½ Σ q ln(q/r), where p and q are the rows a and b of m weights, each divided by its sum, and r = (p + q)/2: from 0,
 * for rows in the same proportions, to ln 2, for rows that share no key. The order of the rows makes no difference, not in the last
 * bit. NaN where a row is no share of a whole: it has a number below 0, one that is not finite, or a sum of 0.
 */
double divergence_js(const float *a, const float *b, size_t m);

#endif
