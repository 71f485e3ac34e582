/*
 * What heads do, in a word: a label is said of a head whose measure reaches a threshold, and is above what chance has where that is
 * known. Sources of the thresholds are in docs/stats.md.
 */
#ifndef ATTN_COMPUTE_HEAD_LABELS_H
#define ATTN_COMPUTE_HEAD_LABELS_H

#include <stdbool.h>

#include "compute/head_stats.h"

/* X(ENUM, NAME, MEASURE, THRESHOLD) for each label, with BETWEEN between them, in the order in which they are said. */
#define LABELS(X, BETWEEN)                                                                                   \
    X(PREVIOUS_TOKEN, previous_token, PREVIOUS_TOKEN, 0.5)                                                   \
    BETWEEN                                                                                                  \
    X(SELF, self, SELF, 0.5)                                                                                 \
    BETWEEN                                                                                                  \
    X(NEXT_TOKEN, next_token, NEXT_TOKEN, 0.5)                                                               \
    BETWEEN                                                                                                  \
    X(DUPLICATE_TOKEN, duplicate_token, DUPLICATE_TOKEN, 0.2)                                                \
    BETWEEN                                                                                                  \
    X(INDUCTION, induction, INDUCTION, 0.2)                                                                  \
    BETWEEN                                                                                                  \
    X(DIAGONAL, diagonal, DIAGONAL, 0.8)                                                                     \
    BETWEEN                                                                                                  \
    X(LOCAL, local, LOCAL, 0.8)                                                                              \
    BETWEEN                                                                                                  \
    X(FIRST_TOKEN, first_token, FIRST_TOKEN, 0.5)                                                            \
    BETWEEN                                                                                                  \
    X(COLUMNS, columns, COLUMNS, 0.6)                                                                        \
    BETWEEN                                                                                                  \
    X(UNIFORM, uniform, EFFECTIVE_SHARE, 0.95)                                                               \
    BETWEEN                                                                                                  \
    X(NO_OP, no_op, IDLE, 0.9)

#define LABEL_ENUM(upper, name, measure, threshold) LABEL_##upper,
enum label { LABELS(LABEL_ENUM, ) LABEL_COUNT };

/* Their names, and these in one text, with blanks between them. */
extern const char *const label_names[LABEL_COUNT];
extern const char label_words[];

/* The measure that a label asks. */
enum stat label_stat(enum label label);

struct label_thresholds {
    double value[LABEL_COUNT];
};
extern const struct label_thresholds label_defaults;

/* Whether a head has what a label asks: the measure, and of places from the query queries that are keys. */
bool label_is_asked(const struct head_stats *head, enum label label);

/* The labels of a head: bit 1 << label. Local is said of none that is called by a place or a token, and columns of none whose column
 * is the first token. */
unsigned head_labels(const struct head_stats *head, const struct label_thresholds *thresholds);

#endif
