/* Variants of one computation beside the first of them, in numbers: the measures of each over its heads, and the largest change of a weight. */
#ifndef ATTN_COMPUTE_VERSUS_H
#define ATTN_COMPUTE_VERSUS_H

#include <stdbool.h>
#include <stddef.h>

#include "compute/excerpt.h"
#include "compute/head_diff.h"

/* One of them, and what changed from the first to it. */
struct versus_variant {
    const char *options; /* as they were typed; "" for a first one that has none */
    const struct excerpts *excerpts;
    const struct diff *diff; /* from the first; NULL: it is the first */
};

/* Over the heads of a variant: means of their measures over those that have them, NaN where none has, and the largest weight. */
struct versus_means {
    double entropy, distance, first;
    double largest; /* NaN: no head has a row */
};
struct versus_means versus_means(const struct excerpts *excerpts);

/* The head with the largest change of a weight: the first one, where one that is NaN on one side alone is above all others. NULL: no head
 * has a pair that was compared. */
const struct diff_head *versus_largest(const struct diff *diff);

/* Whether a pair of the head was compared, so that `max` and its place say something. */
bool versus_is_compared(const struct diff_head *head);

/* What changed in head h of layer l of an excerpt of the variant; NULL: it is the first variant. */
const struct diff_head *versus_head(const struct versus_variant *variant, const struct excerpt *excerpt,
                                    size_t l, size_t h);

#endif
