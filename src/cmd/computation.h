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
#include "cmd/part.h"
#include "cmd/progress.h"
#include "compute/excerpt.h"
#include "compute/request.h"
#include "compute/selection.h"
#include "problem/inputs.h"
#include "problem/problem.h"

/* Begins zeroed; stays where it is, for the result points to the problem and the problem to the inputs; freed by
 * computation_free in any case. */
struct computation {
    struct inputs inputs;
    struct inputs *inputs_of; /* the inputs of each part; the list is owned */
    struct part *parts; /* from computation_select on only those of which a layer is chosen, in that order */
    size_t part_count;
    struct selection selection; /* of the command line, without its lists of layers and heads */
    struct request request;     /* the engine and the limits are set; the command says what it wants */
    struct excerpts excerpts;   /* the selection of the results, one a part */
    struct warnings warnings;
    size_t warned;       /* how many of the warnings have been printed */
    const char *measure; /* by which heads were picked; NULL: they were not */
    bool quiet;          /* none is */
    const char
        *called; /* of several inputs this one, which its warnings begin with; NULL: it is the only one */
    struct progress progress;
    bool has_model; /* the layers are those of --projections */
    bool
        compares_orders; /* where tokens changed places, the given order is computed as well; set before computation_compute */
    bool one_layer; /* without --layer only the first is wanted; set before computation_read */
};

/* Sets up the processor as --cpu (or the variable ATTN_CPU) and --threads say, the selection and the request.
 * Comes before all else. Errors: ERROR_USAGE for a name that is none, ERROR_SYSTEM for one that this processor cannot run. */
bool computation_begin(struct computation *computation, const struct options *options, struct error *error);

/* Reads all files that the command line names; what it says itself wins over them. `command` is for messages.
 * Errors: ERROR_USAGE where there is no input, and those of the readers. */
bool computation_read(struct computation *computation, const struct options *options,
                      const struct command *command, struct error *error);

/* Makes the problem, or where layers differ in size one for each part of them. Errors: those of problem_make. */
bool computation_check(struct computation *computation, const struct options *options, struct error *error);

/* The part that layer `number` of all layers belongs to. */
struct part *computation_part(const struct computation *computation, size_t number);

/* Finds the chosen layers and heads, computes what is left where tokens are left out, finds the words, if tokens are
 * joined, and checks the selection against what is shown, so that the request of each part says how much of the result will be kept. Errors: those of leave_out, joining_find,
 * selection_list and selection_check, and ERROR_USAGE for a stage that words do not have, and for a mean over layers of
 * different size. */
bool computation_select(struct computation *computation, const struct options *options, struct error *error);

/* Heads by the places of their layers and of themselves, in order, and the values of a measure by which they were picked. */
struct picked_heads {
    const struct head_place *places;
    const double *values;
    size_t count;
    const char *measure;
};

/* Chooses these heads, of those that computation_select chose, instead. Errors: the same. */
bool computation_choose(struct computation *computation, const struct picked_heads *picked,
                        const struct options *options, struct error *error);

/* Makes the results that the requests ask for, and their excerpts. Shows the progress. Errors: those of
 * result_compute and excerpt_make. */
bool computation_compute(struct computation *computation, struct error *error);

void computation_free(struct computation *computation);

#endif
