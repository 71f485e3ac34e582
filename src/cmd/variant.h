/* One of several computations that are compared: the command line, with options of its own over it. */
#ifndef ATTN_CMD_VARIANT_H
#define ATTN_CMD_VARIANT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/shell_words.h"
#include "cmd/computation.h"
#include "cmd/options.h"

/* Begins zeroed; stays where it is; freed by variant_free in any case. */
struct variant {
    const char *called;       /* in messages: "A"; borrowed */
    struct shell_words words; /* the options that were added */
    struct options options;   /* of this variant alone */
    struct computation computation;
};

/* Reads the words of the command line again, for this variant. Its heads see tokens, whatever the input makes words of. Errors: those of
 * options_parse. */
bool variant_options(struct variant *variant, const struct options *options, struct error *error);

/* What the options of a line have to be. */
typedef bool variant_check(const struct options *alone, const char *called, struct error *error);

/* Adds the options of a line, in which words are as a shell has them, over those of the variant. `called` is what a message calls the
 * line. Errors: those of shell_words_split, options_parse and the check. */
bool variant_add(struct variant *variant, const char *line, const char *called, variant_check *check,
                 struct error *error);

/* Errors: ERROR_USAGE for standard input or a pipe that both would read. */
bool variant_check_shared(const struct variant *variant, const struct variant *other, struct error *error);

/* Prints the warnings of all `count`: those that all have once, the others with what the variant is called. */
void variants_warn(const struct variant *const *variants, size_t count);

void variant_free(struct variant *variant);

#endif
