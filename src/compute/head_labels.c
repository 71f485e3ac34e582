#include "compute/head_labels.h"

#include <math.h>

#define LABEL_NAME(upper, name, measure, threshold) #name,
#define LABEL_WORD(upper, name, measure, threshold) #name
#define LABEL_STAT(upper, name, measure, threshold) STAT_##measure,
#define LABEL_THRESHOLD(upper, name, measure, threshold) threshold,
const char *const label_names[LABEL_COUNT] = {LABELS(LABEL_NAME, )};
const char label_words[] = LABELS(LABEL_WORD, " ");
const struct label_thresholds label_defaults = {{LABELS(LABEL_THRESHOLD, )}};
static const enum stat label_stats[LABEL_COUNT] = {LABELS(LABEL_STAT, )};

/* What needs a key that is the query's own. */
static const unsigned place_labels = 1u << LABEL_PREVIOUS_TOKEN | 1u << LABEL_SELF | 1u << LABEL_NEXT_TOKEN;

/* What says more than that the weight is near. */
static const unsigned near_labels = 1u << LABEL_PREVIOUS_TOKEN | 1u << LABEL_SELF | 1u << LABEL_NEXT_TOKEN |
                                    1u << LABEL_DUPLICATE_TOKEN | 1u << LABEL_INDUCTION;

enum stat label_stat(enum label label)
{
    return label_stats[label];
}

bool label_is_asked(const struct head_stats *head, enum label label)
{
    return !isnan(head->value[label_stats[label]]) && (head->are_keys || !(place_labels & 1u << label));
}

unsigned head_labels(const struct head_stats *head, const struct label_thresholds *thresholds)
{
    unsigned labels = 0;
    for (enum label l = 0; l < LABEL_COUNT; l++) {
        const enum stat stat = label_stats[l];
        const double value = head->value[stat],
                     above = head->chance[stat] + 3 * sqrt(head->chance_variance[stat]);
        if (label_is_asked(head, l) && value >= thresholds->value[l] && value > above)
            labels |= 1u << l;
    }
    if (labels & near_labels)
        labels &= ~(1u << LABEL_LOCAL);
    if (labels & 1u << LABEL_FIRST_TOKEN)
        labels &= ~(1u << LABEL_COLUMNS);
    return labels;
}
