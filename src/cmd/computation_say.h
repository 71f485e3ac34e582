/* What a computation says on standard error. */
#ifndef ATTN_CMD_COMPUTATION_SAY_H
#define ATTN_CMD_COMPUTATION_SAY_H

#include "cmd/computation.h"

/* Prints the warnings that have come since the last call, on standard error. */
void computation_warn(struct computation *computation);

/* Says what was taken for what, on standard error. */
void computation_say(const struct computation *computation);

#endif
