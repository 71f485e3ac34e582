/* A sweep as a table. */
#ifndef ATTN_VIEW_SWEEP_TABLE_H
#define ATTN_VIEW_SWEEP_TABLE_H

#include "base/out.h"
#include "compute/explain_steps.h"
#include "compute/explain_sweep.h"

/* Writes a line for each value: entropy, the largest weight and its key, and the weights of the keys that have a row in
 * the steps. */
void sweep_table(const struct sweep *sweep, const struct explain_steps *steps, struct out *out);

#endif
