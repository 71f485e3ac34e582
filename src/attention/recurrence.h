/*
 * Linear attention as a recurrence over the keys, in double precision. A head keeps a state S (d_k×d_v), from
 * zero or as given; at step t
 *
 *   S = exp(decay[t])·S, row by row                      (gated, gated_delta)
 *   S = S + k[t] ⊗ v[t]                                  (linear, gated)
 *   S = S + k[t] ⊗ beta[t]·(v[t] - Sᵀk[t])               (delta, gated_delta)
 *   o[t] = scale·Sᵀq[t]
 *
 * The output is linear in v, so that it has weights: weights[i][j] is what o[i] takes of v[j].
 * Source: the ONNX operator LinearAttention; delta: Yang et al. 2024 (arXiv:2406.06484); gated delta: Yang et
 * al. 2024 (arXiv:2412.06464).
 */
#ifndef ATTN_ATTENTION_RECURRENCE_H
#define ATTN_ATTENTION_RECURRENCE_H

#include <stdbool.h>

#include "attention/head.h"
#include "base/error.h"

/* Called for rows in their order with its m weights. */
typedef void recurrence_receiver(void *context, size_t i, const double *weights);

/* Runs a head whose recurrence is set. `output` (row i at output + i*output_row) or `take` may be NULL. */
bool recurrence_run(const struct head *head, float *output, size_t output_row, recurrence_receiver *take,
                    void *context, struct error *error);

#endif
