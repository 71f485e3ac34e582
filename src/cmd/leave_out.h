/* --leave-out: tokens that are left out of a part of a computation. */
#ifndef ATTN_CMD_LEAVE_OUT_H
#define ATTN_CMD_LEAVE_OUT_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/computation.h"

/* Errors: ERROR_USAGE where options do not go together. */
bool leave_out_check(const struct options *options, struct error *error);

/*
 * Computes the weights of all tokens, and puts the problem of those that stay in the place of that of the part, whose layers and
 * heads have been chosen; does nothing where it has already, or nothing is left out. Errors: those of leaving_find,
 * result_compute and leaving_make, ERROR_USAGE where words are joined.
 */
bool leave_out(struct computation *computation, struct part *part, const struct options *options,
               struct error *error);

#endif
