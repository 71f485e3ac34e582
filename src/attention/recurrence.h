/*
 * Linear attention as a recurrence over the keys, in double precision. A head keeps a state S (d_k×d_v), from
 * zero or as given; at step t
 *
 *   S = exp(decay[t])·S, row by row                      (gated, gated_delta)
 *   S = S + k[t] ⊗ v[t]                                  (linear, gated)
 *   S = S + k[t] ⊗ beta[t]·(v[t] - Sᵀk[t])               (delta, gated_delta)
 *   o[t] = scale·Sᵀq[t]
 *
 * The output is linear in v, and so has weights: o[i] = sum over j of weights[i][j]·v[j], but for the part
 * that comes from the first state. Unlike those of softmax they may be negative and sum to anything.
 * Source: the ONNX operator LinearAttention; delta: Yang et al. 2024 (arXiv:2406.06484); gated delta: Yang et
 * al. 2024 (arXiv:2412.06464).
 */
#ifndef ATTN_ATTENTION_RECURRENCE_H
#define ATTN_ATTENTION_RECURRENCE_H

#include <stdbool.h>

#include "attention/head.h"
#include "base/error.h"

/* A callback for rows of weights: called once for each row i, in order, with its m weights. The memory is
 * valid during the call only. */
typedef void recurrence_receiver(void *context, size_t i, const double *weights);

/* Runs a head whose recurrence is set. output: n×d_v, row i at output + i*output_row. It or `receive` may be
 * NULL, and is not computed then; weights take a state of d_k×m. Errors: no memory. */
bool recurrence_run(const struct head *head, float *output, size_t output_row, recurrence_receiver *receive,
                    void *context, struct error *error);

#endif
