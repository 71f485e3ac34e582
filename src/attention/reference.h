/*
 * The reference: attention in double precision, one row at a time, written as plainly as it can be. It is
 * slow, and stays: it is what results are checked against, and computes the forms that the fast engine does
 * not have.
 */
#ifndef ATTN_ATTENTION_REFERENCE_H
#define ATTN_ATTENTION_REFERENCE_H

#include "attention/head.h"
#include "attention/measures.h"

/* Memory of the caller for one row, m numbers in each array, and what reference_row finds. */
struct reference_room {
    double *row; /* the stage that was asked for */
    /* The keys that the query may attend to, in order; for the stages MASKED and WEIGHTS. With a fill, all keys
     * have weights, and here they are for the stage WEIGHTS. */
    size_t *keys;
    size_t key_count; /* how many they are */
    bool is_empty;    /* it may attend to none, whatever the fill; for the stage WEIGHTS */
    double largest;   /* the largest masked score of those keys; for the stage WEIGHTS, and 0 without keys */
    double
        *second; /* the weights that are taken off, with differential attention; otherwise it may be NULL */
    double *sorted; /* for sparsemax, entmax15 and top_k; otherwise it may be NULL */
    struct score_sums *
        scores; /* of the masked scores of those keys, but for -infinity; for the stages MASKED and WEIGHTS. NULL: not wanted */
};

/* Computes row i of a stage: SCORES, SCALED, MASKED or WEIGHTS. */
void reference_row(const struct head *head, size_t i, enum stage stage, struct reference_room *room);

/* The output of a row of weights, into output[0..d_v). */
void reference_output(const struct head *head, const struct reference_room *weights, double *output);

#endif
