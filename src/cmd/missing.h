/* A word on the characters that pictures cannot show. */
#ifndef ATTN_CMD_MISSING_H
#define ATTN_CMD_MISSING_H

#include "base/error.h"
#include "cmd/outputs.h"
#include "cmd/patches.h"
#include "core/result.h"

/* Warns, in one line, of characters in the labels and the title of the stages that the fonts do not have.
 * With `patches` pairs are drawn over a picture. Errors: no memory. */
bool missing_warn(const struct result *result, const struct outputs *outputs, const struct patches *patches,
                  struct warnings *warnings, struct error *error);

#endif
