/* The groups of options that commands share, and all options of a command in one list. */
#ifndef ATTN_CMD_OPTION_TABLE_H
#define ATTN_CMD_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/command.h"
#include "cmd/option.h"

enum { OPTIONS_MAX = 256 }; /* no command has more: option_rows would stop at once */

/* The rows of a command into `rows`, group after group, complete: those of settings say what
 * problem/settings.h knows of them. Returns how many they are; headings[i] is that of row i (NULL: not asked). */
size_t option_rows(const struct command *command, struct option_row rows[OPTIONS_MAX],
                   const char *headings[OPTIONS_MAX]);

/* Whether an option says what is computed of the input: a setting of the computation, the file of a mask or another tensor beside q, k, v,
 * embeddings and weights, or tokens that are left out. */
bool option_computes(const struct option_row *row);
/* Whether it names the file of a tensor that is the input itself: q, k, v, embeddings, weights. */
bool option_is_input(const struct option_row *row);

/* What --help says of a row: its help, and the names that it lists. Cut to OPTION_HELP - 1 bytes. */
enum { OPTION_HELP = 600 };
void option_help(const struct option_row *row, char help[OPTION_HELP]);

/* Groups that commands share. */
extern const struct option_group group_output, group_selection, group_masks, group_attention, group_memory,
    group_forms, group_picture, group_patches, group_lines, group_input, group_general, group_help,
    group_input_files;

#endif
