/* The result of words, from that of tokens. */
#ifndef ATTN_COMPUTE_JOINING_RESULT_H
#define ATTN_COMPUTE_JOINING_RESULT_H

#include <stdbool.h>

#include "base/error.h"
#include "compute/joining.h"
#include "compute/result.h"

/* Makes joining->result. That of tokens keeps all weights and masks; what it was asked of other stages is not in the
 * result of words. Errors: no memory. */
bool joining_result(struct joining *joining, const struct result *tokens, int threads, struct error *error);

#endif
