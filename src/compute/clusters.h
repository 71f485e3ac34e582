/* Things that have a distance from each other, in an order in which alike ones stand together. */
#ifndef ATTN_COMPUTE_CLUSTERS_H
#define ATTN_COMPUTE_CLUSTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * The leaves of a tree of clusters, in the order in which they hang: at each step the two clusters with the least mean distance
 * between their members become one (average linkage, UPGMA; Sokal and Michener 1958), of equal ones those with the first things. The
 * branch with the first thing hangs first. `distance` is count×count, symmetric, and not NaN; `order` gets `count` numbers. Memory
 * grows with count², and so does time, mostly. Errors: no memory.
 */
bool clusters_order(const double *distance, size_t count, size_t *order, struct error *error);

#endif
