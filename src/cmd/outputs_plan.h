/* From options to outputs; what is wrong with them is said before anything is computed. */
#ifndef ATTN_CMD_OUTPUTS_PLAN_H
#define ATTN_CMD_OUTPUTS_PLAN_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/options.h"
#include "cmd/outputs.h"
#include "compute/request.h"
#include "problem/problem.h"

/* Checks the options. Errors: ERROR_USAGE for an ending nobody knows, a path given twice, or several stages for one
 * file; ERROR_SYSTEM for a file that could not be written. */
bool outputs_plan(struct outputs *outputs, const struct options *options, struct error *error);
/* Checks them against the problem: that several stages in one file are of pairs, and that the request offers what
 * the files hold. Errors: ERROR_USAGE, ERROR_SYSTEM. */
bool outputs_check(const struct outputs *outputs, const struct problem *problem,
                   const struct request *request, struct error *error);
/* Checks that no output is one array, for layers of different size. Errors: ERROR_USAGE. */
bool outputs_check_sizes(const struct outputs *outputs, struct error *error);
/* Says that a file is given twice, before by that path; false. */
bool outputs_error_twice(const char *option, const char *path, const char *before, struct error *error);

#endif
