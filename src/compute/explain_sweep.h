/* The row of one query against one setting: its weights at every value of a range, with entropy and largest weight. */
#ifndef ATTN_COMPUTE_EXPLAIN_SWEEP_H
#define ATTN_COMPUTE_EXPLAIN_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "compute/explain.h"
#include "problem/settings.h"

/* The most values of a range. */
enum { SWEEP_MOST = 100 };

/* The settings that there are, separated by blanks. */
extern const char sweep_words[];

/* A setting and its values, in the order in which they were asked for. */
struct sweep_range {
    enum setting setting;
    char name[16]; /* of sweep_words */
    double values[SWEEP_MOST];
    size_t count;
};

/* Reads "NAME=A:B" or "NAME=A:B:N": N values from A to B, both with them; in equal ratios for temperature, scale and
 * softcap, where both are above 0, else in equal steps; whole numbers for window and top_k, each of them where N is not
 * said and they are no more than 33. Errors: ERROR_USAGE. */
bool sweep_parse(struct sweep_range *range, const char *text, struct error *error);

/* The value as text, which settings_parse reads. */
void sweep_value_text(const struct sweep_range *range, size_t i, char out[32]);

/* Begins zeroed; freed by sweep_free in any case. Points into the explanation. */
struct sweep {
    const struct explanation *of;
    const struct sweep_range *range;
    size_t keys;
    float *weights;  /* range->count × keys */
    uint8_t *masked; /* the same: whether the query may not attend to the key */
    struct sweep_row {
        double entropy; /* nats; NaN: the weights are no distribution */
        double
            largest; /* the largest weight, and the first key that has it; NaN and SIZE_MAX: there is none */
        size_t key;
    } * rows;
};

/* Computes the row of the explanation at every value in double precision; q, k, v and all else stay as they are. Errors:
 * ERROR_USAGE where the setting is part of a mask of pairs; no memory. */
bool sweep_make(struct sweep *sweep, const struct explanation *explanation, const struct sweep_range *range,
                struct error *error);
void sweep_free(struct sweep *sweep);

#endif
