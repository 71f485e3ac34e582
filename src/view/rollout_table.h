/* A rollout as a table for people. */
#ifndef ATTN_VIEW_ROLLOUT_TABLE_H
#define ATTN_VIEW_ROLLOUT_TABLE_H

#include "base/out.h"
#include "write/rollout.h"

/* Of all queries a line each with its heaviest tokens, the first and last of many; of one query a line a token, the heaviest
 * first. */
void rollout_table(struct out *out, const struct rollout_told *told);

#endif
