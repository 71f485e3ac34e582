/*
 * Measures of heads over many inputs: mean, variance and count of each, gathered an input at a time, so that no input is held.
 * Running means and sums of squares of differences are those of Welford (1962), in the order of the inputs.
 */
#ifndef ATTN_COMPUTE_STATS_SET_H
#define ATTN_COMPUTE_STATS_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "compute/head_stats.h"

/* How often each number came, by the numbers. Begins zeroed. */
struct tally {
    struct tally_entry {
        int64_t number;
        size_t times;
    } * list; /* owned */
    size_t count;
};

/* A head in all inputs that were gathered. */
struct set_head {
    size_t layer, head;
    size_t inputs, queries, keys; /* sums over the inputs, as is mean.rows */
    /* The means; of chance as well. offset and sink_key are the commonest of the inputs, and there is no largest pair. */
    struct head_stats mean;
    double squares[STAT_COUNT]; /* of differences from the mean, in all */
    size_t count[STAT_COUNT];   /* inputs that have the measure */
    struct tally offsets, sinks;
};

/* Begins zeroed; stats_set_free in any case. */
struct stats_set {
    struct set_head *heads; /* in the order of the first input; owned */
    size_t count;
};

/* A head of an input, as it is added. */
struct set_input {
    size_t layer, head, queries, keys;
    const struct head_stats *stats;
};

/* Takes the memory for so many heads, to which inputs are then added. Errors: no memory. */
bool stats_set_make(struct stats_set *set, size_t count, struct error *error);

/* Adds an input's measures of a head. Errors: no memory. */
bool set_head_add(struct set_head *head, const struct set_input *input, struct error *error);

/* Makes `mean` whole, when all inputs have been added. */
void stats_set_finish(struct stats_set *set);

/* The variance of a measure over the inputs that have it, divided by one less than their number; NaN where these are fewer
 * than two. */
double set_head_variance(const struct set_head *head, enum stat stat);

void stats_set_free(struct stats_set *set);

#endif
