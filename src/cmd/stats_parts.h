/* The measures of the heads of a computation (compute/head_stats.h), part by part, as their rows are computed. */
#ifndef ATTN_CMD_STATS_PARTS_H
#define ATTN_CMD_STATS_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/computation.h"
#include "compute/head_stats.h"

/* Begins zeroed; stats_parts_free in any case. */
struct stats_parts {
    struct stats *list; /* one a part; owned */
    size_t count;
};

/* Watches the rows of all parts; between computation_select and computation_compute. Errors: those of stats_make. */
bool stats_parts_watch(struct stats_parts *parts, struct computation *computation, struct error *error);

/* Makes the measures of what was watched. */
void stats_parts_finish(struct stats_parts *parts);

void stats_parts_free(struct stats_parts *parts);

#endif
