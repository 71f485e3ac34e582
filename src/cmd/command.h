/* The commands. Each is one file that exports one `struct command`; command.c has the table. */
#ifndef ATTN_CMD_COMMAND_H
#define ATTN_CMD_COMMAND_H

#include <stdbool.h>

#include "base/error.h"

#define ATTN_VERSION "0.1.0"

struct options;

struct command {
    const char *name;
    const char *operands; /* "INPUT…", for usage lines */
    const char *summary;  /* one line of help */
    const char *example;  /* shown under --help, or NULL */
    unsigned mark;        /* its bit in the options table: which options it takes */
    bool (*run)(const struct options *options, struct error *error);
};

extern const struct command command_run, command_explain, command_sample, command_help;
extern const struct command *const commands[]; /* NULL-terminated */

/* The command of that name; NULL and an error with a suggestion where there is none. */
const struct command *command_named(const char *name, struct error *error);

/* `attn CMD --help`, and `attn --help` for NULL, on standard output. */
bool help_print(const struct command *command, struct error *error);
/* Version, libraries, and the fonts that are built in with their licences. */
bool version_print(struct error *error);

#endif
