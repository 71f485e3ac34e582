/* --sort and --best of a command that draws or writes heads: a first pass measures them, and those that come first are picked. */
#ifndef ATTN_CMD_BEST_HEADS_H
#define ATTN_CMD_BEST_HEADS_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/computation.h"
#include "cmd/options.h"

/* ERROR_USAGE for a measure that is none, and for --best without --sort. */
bool best_heads_check(const struct selection_options *said, struct error *error);

/* Picks the heads, behind computation_select; nothing where they are not asked for. Errors: those of result_compute and
 * computation_choose. */
bool best_heads_choose(struct computation *computation, const struct options *options, struct error *error);

#endif
