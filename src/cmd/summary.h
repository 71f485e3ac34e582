/* What a person sees after a run: the files, and a line a head. */
#ifndef ATTN_CMD_SUMMARY_H
#define ATTN_CMD_SUMMARY_H

#include "base/out.h"
#include "core/result.h"

struct outputs;

void summary_write(const struct outputs *outputs, const struct result *result, struct out *out);

#endif
