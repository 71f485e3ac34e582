/* A rollout, and attention flow, as JSON (docs/attn-rollout.schema.json), CSV and NPY. */
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
    const double *flow;  /* likewise; NULL: not asked for */
};

/* The words of --contribution, in the order of enum contribution. */
extern const char contribution_words[];
/* The words of --combine, in the order of enum combine. */
extern const char combine_words[];

static inline size_t rollout_rows(const struct rollout_told *told)
{
    return told->is_row ? 1 : told->rollout->rows.problem->n;
}

/* What is shown where there is room for one number: the flow, if it was asked for. */
static inline double rollout_shown(const struct rollout_told *told, size_t i, size_t j)
{
    const size_t at = i * told->rollout->rows.problem->n + j;
    return told->flow ? told->flow[at] : (double)told->values[at];
}

void rollout_json(struct out *out, const struct rollout_told *told);
/* A line a pair of query and token, under headings. */
void rollout_csv(struct out *out, const struct rollout_told *told);
/* The rollout in float32, or the flow in float64: n×n, or n. */
void rollout_npy(struct out *out, const struct rollout_told *told);

#endif
