/*
 * The reference: attention in double precision, one row at a time, as plain as it can be written. Slow, and kept
 * for good.
 */
#ifndef ATTN_ATTENTION_REFERENCE_H
#define ATTN_ATTENTION_REFERENCE_H

#include "attention/head.h"

/* What one row is made in: m each. */
struct reference_room {
    double *row;   /* the stage that was asked for */
    size_t *keys;  /* those that the query may look at, in order; for the stages MASKED and WEIGHTS */
    size_t seen;   /* how many they are */
    double *spare; /* for sparsemax; otherwise it may be NULL */
};

/* Row i up to the stage SCORES, SCALED, MASKED or WEIGHTS. */
void reference_row(const struct head *head, size_t i, enum stage stage, struct reference_room *r);

/* Output of a row of weights into output[0..d_v). */
void reference_output(const struct head *head, const struct reference_room *weights, double *output);

#endif
