/* What of an excerpt a file of numbers holds, and its rows as they are written. */
#ifndef ATTN_WRITE_CONTENT_H
#define ATTN_WRITE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

#include "compute/excerpt.h"

struct content {
    enum stage stages[STAGE_COUNT]; /* that were asked for, in the order of the stages */
    size_t stage_count;
    bool masked_nan; /* masked pairs have NaN; otherwise what was computed: weight 0 and score -infinity */
};

/* Row i of a matrix of a stage as it is written: where it lies, or in `room`, which has room for a row. The flags are
 * those of excerpt_mask_row, or NULL where masked_nan is not asked for; what comes behind the mask alone heeds
 * them: masked scores, weights and contributions. */
const float *content_row(const struct content *content, const struct excerpt *excerpt, enum stage stage,
                         size_t l, size_t h, size_t i, const unsigned char *flags, float *room);

#endif
