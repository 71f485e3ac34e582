/*
 * The judge: attention in double precision, one row at a time, as plain as it can be written. Slow, and kept
 * for good.
 */
#ifndef ATTN_CORE_REFERENCE_H
#define ATTN_CORE_REFERENCE_H

#include "core/head.h"

enum stage {
    STAGE_SCORES,
    STAGE_SCALED,
    STAGE_MASKED,
    STAGE_WEIGHTS,
    STAGE_OUTPUT,
    STAGE_Q,
    STAGE_K,
    STAGE_V,
    STAGE_MASK,
    STAGE_ENCODING,
    STAGE_COUNT
};
extern const char *const stage_names[STAGE_COUNT + 1]; /* NULL-terminated */

/* Row i up to the stage SCORES, SCALED, MASKED or WEIGHTS, into row[0..m). `spare` has room for m numbers
 * more where the normalizer is sparsemax, and may be NULL otherwise. */
void reference_row(const struct head *head, size_t i, enum stage stage, double *row, double *spare);

/* Output of row i into output[0..d_v), from its weights. */
void reference_output(const struct head *head, size_t i, const double *weights, double *output);

#endif
