/*
 * From the files and options of a command line to inputs, a problem and its result: once for every command that
 * computes.
 */
#ifndef ATTN_CMD_COMPUTATION_H
#define ATTN_CMD_COMPUTATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/options.h"
#include "compute/result.h"
#include "problem/inputs.h"
#include "problem/problem.h"

/* Begins zeroed; stays where it is, for the result points to the problem and the problem to the inputs; freed by
 * computation_free in any case. */
struct computation {
    struct inputs inputs;
    struct problem problem;
    struct result result;
    struct warnings warnings;
    size_t warned; /* how many of the warnings have been printed */
    bool quiet;    /* none is */
    bool plain;    /* double precision is asked for, whatever float32 could compute */
};

/* Sets up the processor as --cpu (or the variable ATTN_CPU) and --threads say. Comes before all else. Errors:
 * ERROR_USAGE for a name that is none, ERROR_SYSTEM for one that this processor cannot run. */
bool computation_begin(struct computation *computation, const struct options *options, struct error *error);

/* Reads all files that the command line names; what it says itself wins over them. `command` is for messages.
 * Errors: ERROR_USAGE where there is no input, and those of the readers. */
bool computation_read(struct computation *computation, const struct options *options,
                      const struct command *command, struct error *error);

/* Makes the problem. Errors: those of problem_make. */
bool computation_check(struct computation *computation, const struct options *options, struct error *error);

/* Makes the result. Errors: those of result_compute. */
bool computation_compute(struct computation *computation, const struct request *request, struct error *error);

/* Prints the warnings that have come since the last call, on standard error. */
void computation_warn(struct computation *computation);

/* Says what was taken for what, on standard error. */
void computation_say(const struct computation *computation);

void computation_free(struct computation *computation);

#endif
