/*
 * What heads do, in numbers: measures of every head, gathered from rows of weights as they come, so that nothing of size n×m is
 * held. docs/stats.md has the definitions.
 *
 * Sums are of whole multiples of 2⁻⁴⁰ (of a key's weights 2⁻³²): they do not depend on the order in which rows come, so that any
 * number of threads gives the same.
 */
#ifndef ATTN_COMPUTE_HEAD_STATS_H
#define ATTN_COMPUTE_HEAD_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/head.h"
#include "base/error.h"
#include "compute/request.h"
#include "compute/selection.h"
#include "problem/problem.h"

/* The measures, in the order in which they are shown. */
enum stat {
    STAT_ENTROPY,
    STAT_ENTROPY_NORMALIZED,
    STAT_EFFECTIVE_KEYS,
    STAT_MEAN_DISTANCE,
    STAT_CONFIDENCE,
    STAT_MAX_WEIGHT,
    STAT_FIRST_TOKEN,
    STAT_SELF,
    STAT_PREVIOUS_TOKEN,
    STAT_NEXT_TOKEN,
    STAT_DUPLICATE_TOKEN,
    STAT_INDUCTION,
    STAT_OFFSET,
    STAT_OFFSET_SHARE,
    STAT_COVERAGE_90,
    STAT_SINK,
    STAT_COUNT
};
extern const char *const stat_names[STAT_COUNT + 1]; /* NULL-terminated */

/* The measure of that name, or STAT_COUNT. */
enum stat stat_named(const char *name);

/* Of one head. */
struct head_stats {
    double value[STAT_COUNT];    /* NaN: there is no row that has it */
    size_t max_query, max_key;   /* of max_weight: the first pair that has it; SIZE_MAX: none */
    size_t sink_key;             /* whose mean weight `sink` is; SIZE_MAX: none */
    size_t rows;                 /* rows that see a key and have no NaN */
    size_t blind_rows, nan_rows; /* the others */
};

struct stats_sums;
struct stats_columns;

/* Begins zeroed; head_stats_free in any case. */
struct stats {
    const struct problem *problem;
    const struct selection *selection; /* borrowed; its layers and heads alone */
    struct head_stats *heads;          /* layers×heads of the problem; owned */

    /* Of layers×heads, of each worker. Owned. */
    struct stats_sums *sums;
    struct stats_columns *columns; /* of layers×heads: sums of their keys and rows */
    int64_t *numbers;              /* of a worker: m, and m sums of keys */
    size_t *keys;                  /* of a worker: m */
    struct head *rules;            /* of layers×heads: what masks their pairs */
    size_t *same;                  /* of each key: the one before it with the same token; NULL: not known */
    double *patch_distance;        /* rows×columns of a patch grid, by how far apart; NULL: there is none */
    size_t patch_first, patch_columns, patch_count;
    size_t workers;
};

/* Takes the memory for a problem, which outlives it, as does the selection. `threads` as in struct engine_options. Errors: no
 * memory, a patch grid that does not fit. */
bool stats_make(struct stats *stats, const struct problem *problem, const struct selection *selection,
                int threads, struct error *error);

/* What a request of a result has to have, so that its rows are gathered. */
struct row_watch stats_watch(struct stats *stats);

/* Makes `heads` of what was gathered. */
void stats_finish(struct stats *stats);

void stats_free(struct stats *stats);

#endif
