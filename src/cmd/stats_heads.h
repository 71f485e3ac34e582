/* The measures of attn stats, from options to what is written: a list of the chosen heads. */
#ifndef ATTN_CMD_STATS_HEADS_H
#define ATTN_CMD_STATS_HEADS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "cmd/answer.h"
#include "cmd/computation.h"
#include "cmd/options.h"
#include "cmd/stats_options.h"
#include "cmd/stats_parts.h"
#include "compute/head_stats.h"
#include "compute/stats_set.h"
#include "write/stats.h"

/* Begins zeroed; stats_heads_free in any case. */
struct stats_heads {
    enum stat measure; /* of a picture */
    enum stat order;   /* STAT_COUNT: as they were chosen */
    bool rises;        /* the smallest first */
    size_t best;       /* 0: all */
    bool per_row;
    struct label_thresholds thresholds;

    struct stats_parts parts;
    struct stats_head *list; /* owned */
    size_t count;

    /* Of a data set: what was gathered of its inputs, and of the first, with which the others must agree, its name in messages
     * (owned), layers, heads, and whether it has a grid. */
    struct stats_set set;
    char *first;
    size_t layers_in_all, heads_in_all;
    bool has_grid;
};

/* What the options ask for. ERROR_USAGE for names that are none, and options that do not go together. */
bool stats_heads_plan(struct stats_heads *heads, const struct stats_options *own, enum answer_format format,
                      struct error *error);

/* What --sort (NULL: none) and --best (0: all) ask for. ERROR_USAGE for a measure that is none. */
bool stats_heads_plan_order(struct stats_heads *heads, const char *sort, size_t best, struct error *error);

/* Watches the rows of all parts; between computation_select and computation_compute. Errors: more rows than may be held, those of
 * stats_make. */
bool stats_heads_watch(struct stats_heads *heads, struct computation *computation,
                       const struct stats_options *own, struct error *error);

/* Lists the chosen heads of what was watched. Errors: no memory. */
bool stats_heads_list(struct stats_heads *heads, const struct computation *computation, struct error *error);

/* Adds the list to the data set, and lets go of it and of what it was made of. `called` is the input in messages. Errors: ERROR_INPUT
 * for other layers and heads than those of the first input, no memory. */
bool stats_heads_gather(struct stats_heads *heads, const struct computation *computation, const char *called,
                        struct error *error);

/* Lists the heads of the data set. `title`: NULL for none. Errors: no memory. */
bool stats_heads_list_set(struct stats_heads *heads, const char *title, struct error *error);

/* Labels the heads of the list, and puts them in order. */
void stats_heads_order(struct stats_heads *heads);

/* Errors: those of stats_picture. */
bool stats_heads_write(struct out *out, const struct stats_heads *heads, const struct drawing_style *style,
                       const struct answer *answer, struct error *error);

void stats_heads_free(struct stats_heads *heads);

#endif
