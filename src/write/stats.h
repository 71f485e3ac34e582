/* The measures of heads as JSON (docs/attn-stats.schema.json) and CSV. */
#ifndef ATTN_WRITE_STATS_H
#define ATTN_WRITE_STATS_H

#include <stddef.h>

#include "base/out.h"
#include "compute/head_labels.h"
#include "compute/head_stats.h"
#include "compute/stats_set.h"

/* A head that is told of: its numbers as people have them, its measures, and what it is a head of. */
struct stats_head {
    size_t layer, head;
    const struct head_stats *stats;
    const struct problem *problem; /* that it is one of; NULL: of many */
    const struct set_head *set;    /* of many inputs, whose means the measures are; NULL: of one */
    const char *title;             /* NULL: none */
    size_t queries, keys;          /* how many there are, in all inputs */
    bool in_patches;               /* distances are between patches of a grid, not in tokens */
    const struct row_record *rows; /* of each query; NULL: they are not told of */
    double rank;                   /* for who sorts them */
    unsigned labels;               /* bits of enum label */
};

/* Writes a number as the float32 that is nearest, or `none` for NaN. */
void stats_number(struct out *out, double value, const char *none);
/* Writes an object with the thresholds of labels and `heads`, in the order of the list; those that have rows with `per_row`,
 * and those of many inputs with variances and counts. */
void stats_json(struct out *out, const struct stats_head *list, size_t count,
                const struct label_thresholds *thresholds);
/* Writes the names of labels. */
void label_list(struct out *out, unsigned labels, const char *between);
/* Writes a line a head under one of headings; what there is not is empty. */
void stats_csv(struct out *out, const struct stats_head *list, size_t count);

#endif
