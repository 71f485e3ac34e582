/* The measures of attn stats, from options to what is written: a list of the chosen heads. */
#ifndef ATTN_CMD_STATS_HEADS_H
#define ATTN_CMD_STATS_HEADS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "cmd/computation.h"
#include "cmd/options.h"
#include "cmd/stats_options.h"
#include "compute/head_stats.h"
#include "write/stats.h"

/* Begins zeroed; stats_heads_free in any case. */
struct stats_heads {
    enum stats_format format;
    enum stat measure; /* of a picture */
    enum stat order;   /* STAT_COUNT: as they were chosen */
    bool rises;        /* the smallest first */
    size_t best;       /* 0: all */
    bool per_row;
    struct label_thresholds thresholds;

    struct stats *parts; /* one a part of the computation; owned */
    size_t part_count;
    struct stats_head *list; /* owned */
    size_t count;
};

/* What the options ask for. ERROR_USAGE for names that are none, and options that do not go together. */
bool stats_heads_plan(struct stats_heads *heads, const struct stats_options *own, enum stats_format format,
                      struct error *error);

/* Watches the rows of all parts; between computation_select and computation_compute. Errors: more rows than may be held, those of
 * stats_make. */
bool stats_heads_watch(struct stats_heads *heads, struct computation *computation,
                       const struct stats_options *own, struct error *error);

/* Makes the list from what was watched. Errors: no memory. */
bool stats_heads_finish(struct stats_heads *heads, const struct computation *computation,
                        struct error *error);

/* Errors: those of stats_picture. */
bool stats_heads_write(struct out *out, const struct stats_heads *heads, const struct options *options,
                       struct error *error);

void stats_heads_free(struct stats_heads *heads);

#endif
