/*
 * Attention flow: how much could go from each token above the last layer to each input token, if every pair of query and key
 * carried no more than its mixed weight. The maximum flow from one to the other in the graph of the layers, whose tokens are its
 * nodes and whose weights (layer_mix.h, the residual among them) are the capacities of its edges.
 *
 * Source: Abnar and Zuidema 2020 (arXiv:2005.00928) section 3. Algorithm: Dinic 1970, "Algorithm for solution of a problem of
 * maximum flow in networks with power estimation".
 */
#ifndef ATTN_COMPUTE_FLOW_H
#define ATTN_COMPUTE_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* What of an edge is left is taken for nothing up to this: what double precision rounds of a capacity of 1, many times over. A
 * flow is less than the largest one by at most this for each edge of the smallest cut. */
#define FLOW_TOLERANCE 1e-14

/* The capacities: layers×n×n, the first layer first, from token i above it (row) to token j below it. Borrowed. */
struct flow_graph {
    size_t n, layers;
    const float *capacity;
};

/*
 * The flows from queries first..first+count-1 to every input token, into flow[count×n]; NaN where an edge that is NaN or infinite
 * lies on a way from one to the other. Ends in any case: each step uses an edge up, and each phase makes the ways longer. The same
 * bytes for any number of threads. Holds 2·layers·n·n doubles a thread, and takes fewer threads where these are more than half of
 * the machine's memory. Errors: ERROR_SYSTEM where they are so for one; no memory.
 */
bool flow_compute(const struct flow_graph *graph, size_t first, size_t count, double *flow, int threads,
                  struct error *error);

#endif
