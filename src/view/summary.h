/* What a person sees after a run: the files, and a line a head. */
#ifndef ATTN_VIEW_SUMMARY_H
#define ATTN_VIEW_SUMMARY_H

#include "base/out.h"
#include "compute/result.h"

/* The names of the files that were written, `count` of them, and the measures of every head. */
void summary_write(char *const *names, size_t count, const struct result *result, struct out *out);

#endif
