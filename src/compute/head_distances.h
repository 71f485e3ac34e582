/* How far heads are from each other, as Clark et al. 2019 ("What Does BERT Look At?", 4.4) measure it. */
#ifndef ATTN_COMPUTE_HEAD_DISTANCES_H
#define ATTN_COMPUTE_HEAD_DISTANCES_H

#include <stddef.h>

#include "attention/head.h"
#include "base/error.h"

/*
 * The Jensen–Shannon divergence of each two of `count` heads with weights of n×n, in nats, summed over the queries: count×count
 * numbers, which the caller frees. The weights a are smoothed first, 0.999·a + 0.001/n, so that each has a logarithm, as
 * clarkkev/attention-analysis has it in head_distances.py. NULL for want of memory.
 */
double *head_distances(const struct strided *weights, size_t count, size_t n, struct error *error);

#endif
