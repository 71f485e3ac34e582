/* An explanation in words. For explain.c only. */
#ifndef ATTN_VIEW_EXPLAIN_TEXT_H
#define ATTN_VIEW_EXPLAIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/out.h"
#include "compute/explain.h"

/* The steps as one would write them on a board: the arithmetic of one key, a table of up to `rows` keys, the
 * sum of values. Where there are more keys, the heaviest. */
bool explain_text(const struct explanation *explanation, size_t head, size_t rows, struct out *out,
                  struct error *error);

#endif
