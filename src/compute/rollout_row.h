/*
 * One row of a rollout, with the mean of the heads: e(query)·mixed L·…·mixed 1, a vector carried down through one pass over the
 * weights of each layer, last layer first. Nothing of n×n is held.
 */
#ifndef ATTN_COMPUTE_ROLLOUT_ROW_H
#define ATTN_COMPUTE_ROLLOUT_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/rollout.h"

/* The row of `query` into row[n]. The rollout combines by the mean and discards nothing. Rows that weigh nothing are not
 * computed, and `seen` of the rollout counts the others. A layer whose rows may not sum to 1 takes a pass more. The same bytes
 * for any number of threads. Errors: those of layer_mix. */
bool rollout_row(struct rollout *rollout, size_t query, float *row, struct error *error);

#endif
