/*
 * Why scores are divided by √d_k, measured: how far q·k is spread, and what the scale does to one row. Where the numbers of
 * q and k are independent, of mean 0 and variance 1, q·k has mean 0 and variance d_k (Vaswani et al. 2017,
 * arXiv:1706.03762, section 3.2.1, footnote 4).
 */
#ifndef ATTN_COMPUTE_SCORE_SPREAD_H
#define ATTN_COMPUTE_SCORE_SPREAD_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/head.h"
#include "base/error.h"

struct score_spread {
    size_t pairs;    /* that were measured: 0 where there is nothing to say */
    size_t every;    /* of the queries each so-many-th was measured; 1: all */
    double variance; /* of q·k over these pairs, their mean square distance from their mean */
    /* Of the weights of one row in nats, before dropout and factors: as scaled, and with a scale of 1. */
    double entropy, entropy_unscaled;
};

/* Of a row of m weights, in nats. */
double weights_entropy(const double *weights, size_t m);

/* Measures q·k over the allowed pairs of a head, whose scores are dot products and whose weights are a softmax, and the
 * row of `query`. Where that were more than about 2^28 products, only of evenly spaced queries. Errors: no memory. */
bool score_spread_measure(struct score_spread *spread, const struct head *head, size_t query,
                          struct error *error);

#endif
