/* How far a runner is, for those who wait. */
#ifndef ATTN_ENGINE_REPORT_H
#define ATTN_ENGINE_REPORT_H

#include <stdatomic.h>
#include <stddef.h>

#include "engine/job.h"

/* What is done of the jobs. A row counts as the keys that it may reach, and some more for itself: the last rows of causal
 * heads come first and take the longest, so that counts of rows would foretell twice the time. */
struct report {
    const struct engine_options *options;
    atomic_size_t done;
    size_t total;
};

/* Counts the work of the jobs, if the options want to hear of it. */
void report_begin(struct report *report, const struct engine_options *options, const struct engine_job *jobs,
                  size_t count);

/* Rows first..first+count-1 of a head are done. From any thread; the first one passes it on. */
void report_rows(struct report *report, const struct head *head, size_t first, size_t count);

#endif
