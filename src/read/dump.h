/*
 * Arrays of a file to inputs, in this order: what their names say (read/dump_found.h), which of them are needed
 * (read/dump_keep.h), what attn wrote beside them (read/dump_about.h), and each to a tensor (read/dump_array.h,
 * read/dump_layers.h). A single array without a known name is read/dump_bare.h's, what nobody reads read/dump_unread.h's.
 */
#ifndef ATTN_READ_DUMP_H
#define ATTN_READ_DUMP_H

#include <stdbool.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "read/read.h"
#include "tensor/archive.h"

/*
 * Reads an archive, which inputs own already. `name` (NULL: not said) is that of the one array that is wanted, and `index`
 * (NULL: all of it) what stands in brackets behind it. Errors: ERROR_USAGE for an array that is not there or cannot be
 * indexed so, ERROR_INPUT for arrays without a known name, ones that cannot be read, and layers that do not go together.
 */
bool dump_read(struct inputs *inputs, struct archive *archive, const char *name, const char *index,
               const struct read_target *target, struct warnings *warnings, struct error *error);

#endif
