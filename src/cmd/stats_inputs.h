/* The inputs of a data set, one after the other: every operand, and every line of one that ends in .jsonl. */
#ifndef ATTN_CMD_STATS_INPUTS_H
#define ATTN_CMD_STATS_INPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"
#include "cmd/options.h"

/* Begins with `all` alone; stats_inputs_free in any case. */
struct stats_inputs {
    const struct options *all; /* the command line */
    size_t count;              /* inputs that there were, with the one at hand */

    struct options
        options; /* with the input at hand as the only one; what they point to is that of `all`, or below */
    char called[512]; /* the input in messages: FILE, or FILE:LINE */

    const char *operand; /* the one at hand */
    size_t next;         /* the place of the one behind it */
    struct source file;  /* of lines */
    struct source line;
    bool has_line;         /* of the file one was taken */
    size_t offset, passed; /* in the file: where the next line begins, and how much was given back */
    size_t lines;          /* before the offset */
};

/* Goes to the next input; false behind the last, and with an error. Of a file of lines no more is in memory than is mapped, and a
 * line; lines of nothing but blanks are none. Errors: ERROR_USAGE without operands, ERROR_INPUT for a file without a line,
 * ERROR_SYSTEM for one that cannot be read. */
bool stats_inputs_next(struct stats_inputs *inputs, struct error *error);

/* Puts the name of the input in front of an error that does not begin with it. */
void stats_inputs_name(const struct stats_inputs *inputs, struct error *error);

void stats_inputs_free(struct stats_inputs *inputs);

#endif
