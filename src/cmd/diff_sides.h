/* The two sides of attn diff: what each is called, its options, and its computation. */
#ifndef ATTN_CMD_DIFF_SIDES_H
#define ATTN_CMD_DIFF_SIDES_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/options.h"
#include "cmd/stats_parts.h"
#include "cmd/variant.h"

/* The options of diff alone. */
struct diff_options {
    const char *against; /* options of the second side; NULL: none */
    double tolerance;
    bool has_tolerance;
    int sort;    /* enum diff_sort */
    size_t best; /* heads that are shown; 0: all */
    bool changes;
    int format; /* enum answer_format */
    const char *output;
};
enum diff_sort { SORT_HEADS, SORT_MAX, SORT_MEAN, SORT_JS };

/* One of both. Begins zeroed; stays where it is; freed by diff_side_free in any case. */
struct diff_side {
    const char *name;       /* its file, or the options of --against */
    struct variant variant; /* called "A" or "B" */
    struct stats_parts stats;
};

/*
 * Makes the options of both sides of those of the command line: A has the first input, B the second, or that of A with the options of
 * --against. Errors: ERROR_USAGE for another number of inputs, for words of --against that are no
 * options of a computation, and for standard input or a pipe that both sides would read; those of options_parse.
 */
bool diff_sides_find(struct diff_side sides[2], const struct options *options, struct error *error);

/* From the files to weights and measures of all chosen heads. Errors name the side. */
bool diff_side_compute(struct diff_side *side, struct error *error);

/* Prints the warnings of both sides: those that both have once, the others with their side. */
void diff_sides_warn(const struct diff_side sides[2]);

void diff_side_free(struct diff_side *side);

#endif
