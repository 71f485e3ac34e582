/* All that a command line names or says of its inputs: files of tensors, labels, a vocabulary, a model, into one struct inputs. */
#ifndef ATTN_CMD_INPUT_FILES_H
#define ATTN_CMD_INPUT_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/options.h"
#include "problem/inputs.h"

/* The inputs that a command line names, operands first: path `i` of input_files_count; NULL: that option is not given. */
size_t input_files_count(const struct options *options);
const char *input_files_path(const struct options *options, size_t i);

/* How many of them are standard input. */
size_t input_files_standard(const struct options *options);

/* Reads all files that the command line names; what it says itself wins over them. `command` is for messages. Of a model
 * without --layer, `one_layer` takes the first layer alone. Errors: ERROR_USAGE where there is no input, and those of the
 * readers. */
bool input_files_read(struct inputs *inputs, const struct options *options, const struct command *command,
                      bool one_layer, struct warnings *warnings, struct error *error);

#endif
