/* An explanation in words. */
#ifndef ATTN_VIEW_EXPLAIN_TEXT_H
#define ATTN_VIEW_EXPLAIN_TEXT_H

#include "base/out.h"
#include "compute/explain_steps.h"

/* Writes the steps as on a blackboard, with a table of the keys that have a row. */
void explain_text(const struct explain_steps *steps, struct out *out);

#endif
