/* How far heads are from each other: the Jensen–Shannon divergence of their rows, for all pairs of many heads. attention/divergence.h
 * has that of two rows exactly, however small it is. */
#ifndef ATTN_COMPUTE_HEAD_DISTANCES_H
#define ATTN_COMPUTE_HEAD_DISTANCES_H

#include <stddef.h>

#include "attention/head.h"
#include "base/error.h"

/* EXACT: the mean over the queries of which both heads have weights, each row divided by its sum (Lin 1991, with the weights
 * ½ and ½). What is below 0, or not finite, makes a row none. SMOOTHED: the sum over all queries, of 0.999·a + 0.001/m for weights
 * a, so that each has a logarithm, as clarkkev/attention-analysis has it in head_distances.py (Clark et al. 2019, "What Does
 * BERT Look At?", 4.4); NaN where a weight is. */
enum head_distance { HEAD_DISTANCE_EXACT, HEAD_DISTANCE_SMOOTHED };

/*
 * The divergence of each two of `count` heads with weights of n×m (column step 1), in nats, from 0 (the same) to ln 2 a query (no
 * key in common): count×count numbers, which the caller frees. NaN of heads that have no query in common; 0 of a head and itself,
 * if it has one. The same for any number of threads. NULL for want of memory.
 */
double *head_distances(const struct strided *weights, size_t count, size_t n, size_t m,
                       enum head_distance which, struct error *error);

#endif
