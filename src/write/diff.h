/* What changed between two results as JSON (docs/attn-diff.schema.json) and CSV. */
#ifndef ATTN_WRITE_DIFF_H
#define ATTN_WRITE_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/out.h"
#include "compute/head_diff.h"
#include "compute/head_stats.h"

/* A head that is told of: its differences, and its measures on each side (NULL: that side does not have it). */
struct diff_line {
    const struct diff_head *diff;
    const struct head_stats *stats[2];
    double rank; /* for who sorts them */
};

/* All that is told of. */
struct diff_report {
    const char *name[2]; /* of the sides */
    const struct diff_line *lines;
    size_t count;
    bool has_tolerance;
    double tolerance;
    size_t exceeded; /* heads of all, also of those that are not in the list */
};

/* Writes an object with `heads`, in the order of the list, and those that one side alone has. */
void diff_json(struct out *out, const struct diff_report *report);
/* Writes a line a head under one of headings; what there is not is empty. */
void diff_csv(struct out *out, const struct diff_report *report);

#endif
