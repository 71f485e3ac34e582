/*
 * What heads do, in numbers: measures of every head, gathered from rows of weights as they come, so that nothing of size n×m is
 * held. docs/stats.md has the definitions.
 */
#ifndef ATTN_COMPUTE_HEAD_STATS_H
#define ATTN_COMPUTE_HEAD_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/head.h"
#include "base/error.h"
#include "compute/request.h"
#include "compute/row_stats.h"
#include "compute/selection.h"
#include "compute/value_norms.h"
#include "problem/problem.h"

/* The measure of that name, or STAT_COUNT. */
enum stat stat_named(const char *name);

/* Of one head. */
struct head_stats {
    double value[STAT_COUNT];  /* NaN: there is no row that has it */
    size_t max_query, max_key; /* of max_weight: the first pair that has it; SIZE_MAX: none */
    /* The mean that a measure has by chance, -infinity where that is not known, and its variance. */
    double chance[STAT_COUNT], chance_variance[STAT_COUNT];
    bool are_keys;               /* the queries are keys */
    size_t sink_key;             /* whose mean weight `sink` is; SIZE_MAX: none */
    size_t rows;                 /* rows that see a key and have no NaN */
    size_t blind_rows, nan_rows; /* the others */
};

/* Begins zeroed; head_stats_free in any case. */
struct stats {
    const struct problem *problem;
    const struct selection *selection; /* borrowed; its layers and heads alone */
    struct head_stats *heads;          /* layers×heads of the problem; owned */

    /* Of layers×heads, of each worker. Owned. */
    struct stats_sums *sums;
    struct stats_columns *columns; /* of layers×heads: sums of their keys and rows */
    int64_t *numbers;              /* of a worker: m, and m sums of keys, which are 0 between calls */
    size_t *keys;                  /* of a worker: m */
    struct head *rules;            /* of layers×heads: what masks their pairs */
    struct row_record *
        *records; /* of layers×heads: of each query, where stats_keep_rows has made them; owned */
    struct value_norms norms;   /* of the layer that is being computed */
    struct stats_places places; /* its lists are owned */
    size_t workers;
};

/* Takes the memory for a problem, which outlives it, as does the selection. `threads` as in struct engine_options. Errors: no
 * memory, a patch grid that does not fit. */
bool stats_make(struct stats *stats, const struct problem *problem, const struct selection *selection,
                int threads, struct error *error);

/* From now on each row of the chosen heads is kept as well, in the order of queries. Errors: no memory. */
bool stats_keep_rows(struct stats *stats, struct error *error);

/* What a request of a result has to have, so that its rows are gathered. */
struct row_watch stats_watch(struct stats *stats);

/* Makes `heads` of what was gathered. */
void stats_finish(struct stats *stats);

void stats_free(struct stats *stats);

#endif
