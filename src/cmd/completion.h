/* Completions for shells, from the tables of commands and options. */
#ifndef ATTN_CMD_COMPLETION_H
#define ATTN_CMD_COMPLETION_H

#include <stdbool.h>

#include "base/error.h"

/* Prints the script for "bash", "zsh" or "fish" on standard output. */
bool completion_print(const char *shell, struct error *error);

#endif
