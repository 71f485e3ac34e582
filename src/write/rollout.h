/* A rollout as JSON (docs/attn-rollout.schema.json), CSV and NPY. */
#ifndef ATTN_WRITE_ROLLOUT_H
#define ATTN_WRITE_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/out.h"
#include "compute/rollout.h"

/* What there is to write. */
struct rollout_told {
    const struct rollout *rollout; /* the layers, and how they were mixed */
    bool is_row;                   /* the values are of one query; else of all, one row each */
    size_t query;
    const float *values; /* n, or n×n */
};

/* The words of --combine, in the order of enum combine. */
extern const char combine_words[];

static inline size_t rollout_rows(const struct rollout_told *told)
{
    return told->is_row ? 1 : told->rollout->rows.problem->n;
}

void rollout_json(struct out *out, const struct rollout_told *told);
/* A line a pair of query and token, under headings. */
void rollout_csv(struct out *out, const struct rollout_told *told);
/* float32: n×n, or n. */
void rollout_npy(struct out *out, const struct rollout_told *told);

#endif
