/*
 * The commands. Each is one file that exports one `struct command`, and one word of COMMANDS.
 */
#ifndef ATTN_CMD_COMMAND_H
#define ATTN_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define ATTN_VERSION "0.1.0"

/* In the order of --help. */
#define COMMANDS(EACH)                                                                                       \
    EACH(run)                                                                                                \
    EACH(explain) EACH(stats) EACH(diff) EACH(rollout) EACH(info) EACH(convert) EACH(sample) EACH(help)

struct options;
struct option_group;

/* What the operands of a command are, for completions. */
enum operand_kind { OPERANDS_FILES, OPERANDS_SAMPLES, OPERANDS_COMMANDS };

struct command {
    const char *name;
    const char *operands; /* "INPUT…", for usage lines */
    enum operand_kind operand_kind;
    const char *summary;                      /* one line of help */
    const char *example;                      /* shown under --help, or NULL */
    const struct option_group *const *groups; /* the options that it takes, as --help shows them; NULL ends */
    size_t own_size;          /* bytes of the struct of its own options, at options->own; 0: it has none */
    const void *own_defaults; /* what that begins as; NULL: zeroed */
    bool (*run)(const struct options *options, struct error *error);
};

#define COMMAND_DECLARE(name) extern const struct command command_##name;
COMMANDS(COMMAND_DECLARE)
extern const struct command *const commands[]; /* NULL-terminated */

/* The command of that name, or NULL. */
const struct command *command_called(const char *name);
/* The name of the command that was probably meant, or NULL. */
const char *command_near(const char *name);
/* The command of that name; NULL and an error with a suggestion where there is none, also where it is a file. */
const struct command *command_named(const char *name, struct error *error);

#endif
