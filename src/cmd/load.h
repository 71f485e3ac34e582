/* What the commands that compute begin with: from the command line to inputs, and the instructions to use. */
#ifndef ATTN_CMD_LOAD_H
#define ATTN_CMD_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/options.h"
#include "problem/inputs.h"
#include "problem/problem.h"

/* Reads all files that the command line names; `command` is for messages. Errors: ERROR_USAGE where there is
 * no input, and those of the readers. */
bool load_inputs(struct inputs *inputs, const struct options *options, const char *command,
                 struct warnings *warnings, struct error *error);

/* Prints the warnings from the from-th on, unless they are to be silent. */
void load_warn(const struct warnings *warnings, size_t from, const struct options *options);

/* What was taken for what, on standard error. */
void load_say(const struct inputs *inputs, const struct problem *problem);

/* The instructions that --cpu or the variable ATTN_CPU ask for; *plain: double precision in any case. */
bool load_cpu(const struct options *options, bool *plain, struct error *error);

#endif
