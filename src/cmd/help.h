/* What every --help and --version print, from the tables of commands and options. */
#ifndef ATTN_CMD_HELP_H
#define ATTN_CMD_HELP_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/command.h"

/* `attn CMD --help`, and `attn --help` for NULL, on standard output. Errors: it cannot be written. */
bool help_print(const struct command *command, struct error *error);
/* Version, libraries, and the fonts that are built in with their licences. */
bool version_print(struct error *error);

#endif
