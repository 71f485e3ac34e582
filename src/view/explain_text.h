/* An explanation in words. */
#ifndef ATTN_VIEW_EXPLAIN_TEXT_H
#define ATTN_VIEW_EXPLAIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/out.h"
#include "compute/explain.h"

/* Writes the steps as on a blackboard: q, the score of one key, a table of up to `rows` keys (those
 * with the largest weights, where there are more), the sum of values. `head` is its number in the
 * title. Errors: no memory. */
bool explain_text(const struct explanation *explanation, size_t head, size_t rows, struct out *out,
                  struct error *error);

#endif
