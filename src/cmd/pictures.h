/* From results to drawings: which matrix, labels, titles and colours a stage is drawn with. */
#ifndef ATTN_CMD_PICTURES_H
#define ATTN_CMD_PICTURES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "cmd/options.h"
#include "core/result.h"

/* All heads as one figure, PNG. */
bool picture_all(const struct result *result, enum stage stage, const struct options *options,
                 struct out *out, struct error *error);

/* Heads first..first+count-1 (counted over layers, then heads) as a figure each, drawn in parallel into
 * out[0..count). */
bool pictures_heads(const struct result *result, enum stage stage, size_t first, size_t count,
                    const struct options *options, struct out *out, struct error *error);

#endif
