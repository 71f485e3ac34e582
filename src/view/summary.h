/* What a person sees after a run: the files, and a line a head. */
#ifndef ATTN_VIEW_SUMMARY_H
#define ATTN_VIEW_SUMMARY_H

#include "base/out.h"
#include "compute/result.h"

struct outputs;

/* A label in quotes, clean, cut to what a column of a table has room for. */
void summary_label(const char *label, char out[128]);

void summary_write(const struct outputs *outputs, const struct result *result, struct out *out);

#endif
