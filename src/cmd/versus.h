/* attn run --versus: variants of a computation side by side. */
#ifndef ATTN_CMD_VERSUS_H
#define ATTN_CMD_VERSUS_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/options.h"

/* Computes what the command line says, and each of its variants; writes the figure and the numbers. Errors: ERROR_USAGE for an option that
 * does not go with --versus, and for one within it that is not of the computation; else those of a run, which name the variant. */
bool versus_run(const struct options *options, struct error *error);

#endif
