/* The table that a person reads after a run: the files, and a line a head. */
#ifndef ATTN_VIEW_SUMMARY_H
#define ATTN_VIEW_SUMMARY_H

#include "base/out.h"
#include "compute/excerpt.h"

/* Writes the names of the `count` files that were written: a few, or the first and the last. */
void summary_names(const char *const *names, size_t count, struct out *out);

/* Writes the names of the `count` files that were written, and the measures of every head of the excerpts, or that there
 * are none. */
void summary_write(const char *const *names, size_t count, const struct excerpts *excerpts, struct out *out);

#endif
