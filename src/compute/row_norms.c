#include "compute/row_norms.h"

#include <math.h>

static double written(const struct stats_row *row, int64_t key)
{
    return (double)row->weights[key] * (double)row->norms[key];
}

/* The part of all that is written that comes from a key, where that may be seen. */
static void row_part(struct stats_row *row, enum stat stat, int64_t key, double all)
{
    if (row_has(row, key))
        row_measure(row, stat, written(row, key) / all);
}

void row_norms(struct stats_row *row)
{
    double all = 0, largest = 0;
    for (size_t j = row->from; j < row->end; j++) {
        all += written(row, (int64_t)j);
        if ((double)row->norms[j] > largest && row_has(row, (int64_t)j))
            largest = (double)row->norms[j];
    }
    if (!isfinite(all) || !isfinite(largest) || largest <= 0)
        return;
    row_measure(row, STAT_IDLE, 1 - all / largest);
    if (all <= 0)
        return;
    row_measure(row, STAT_NORM_FIRST_TOKEN, row_has(row, 0) ? written(row, 0) / all : 0);
    if (!row->are_keys)
        return;
    row_part(row, STAT_NORM_SELF, row->position, all);
    row_part(row, STAT_NORM_PREVIOUS_TOKEN, row->position - 1, all);
}
