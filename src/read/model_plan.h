/* What the arrays of a model's weights are, by its profile and without a look at numbers. */
#ifndef ATTN_READ_MODEL_PLAN_H
#define ATTN_READ_MODEL_PLAN_H

#include <stdbool.h>

#include "base/error.h"
#include "read/dump_plan.h"
#include "tensor/archive.h"

/*
 * Says what `--projections PATH` would take each array of the file for: a list of one a array, which the caller frees. `archive` is
 * that file, which fits (model_fits). `notes` gets what was chosen; `warnings` what would be refused, of which nothing is then taken. *title is
 * that of the profile; NULL: refused. *lacks_heads: neither the file nor a config beside it says how many heads there are. Errors:
 * no memory.
 */
bool model_plan(struct dump_reading **readings, const char **title, bool *lacks_heads, const char *path,
                const struct archive *archive, struct warnings *notes, struct warnings *warnings,
                struct error *error);

#endif
