/* Which tokens have the same label. */
#ifndef ATTN_COMPUTE_SAME_TOKENS_H
#define ATTN_COMPUTE_SAME_TOKENS_H

#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"

/* Of each token the one before it that has the same label, or SIZE_MAX; the caller frees them. NULL and an error for want of
 * memory. */
size_t *same_tokens(const struct labels *labels, struct error *error);

#endif
