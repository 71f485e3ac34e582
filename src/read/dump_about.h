/* What attn writes beside its arrays, as JSON in a metadatum or an array of bytes: what arrays cannot say. */
#ifndef ATTN_READ_DUMP_ABOUT_H
#define ATTN_READ_DUMP_ABOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "tensor/archive.h"

/* Whether attn wrote the archive: there is, as metadatum or array, what its arrays do not say. */
bool dump_has_about(const struct archive *archive);
/* That text, not ended by a NUL, where there is one; it lives as long as the archive. Errors: those of archive_load. */
bool dump_about(const char **text, size_t *size, struct archive *archive, struct error *error);
/* Reads it: tokens, title, settings, also of layers. `has_weights`: the archive holds weights, which are not computed anew.
 * Without it nothing is done. Errors: ERROR_INPUT where it is wrong; no memory. */
bool dump_read_about(struct inputs *inputs, struct archive *archive, bool has_weights,
                     struct warnings *warnings, struct error *error);

#endif
