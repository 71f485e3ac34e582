/* A word on the characters that pictures cannot show. */
#ifndef ATTN_CMD_MISSING_H
#define ATTN_CMD_MISSING_H

#include "base/error.h"
#include "cmd/options.h"
#include "cmd/patches.h"
#include "core/result.h"

/* Warns, in one line, of characters in the labels and the title that the fonts do not have. Errors: no
 * memory. */
bool missing_warn(const struct result *result, const struct options *options, const struct patches *patches,
                  struct warnings *warnings, struct error *error);

#endif
