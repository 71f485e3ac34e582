/*
 * One head of one layer, checked and ready: what both implementations of the maths compute.
 *
 *   scores  s[i][j] = q[i]·k[j]                                     (n×m)
 *   scaled          = scale·s, then softcap·tanh(scaled/softcap) where a softcap is set
 *   masked          = scaled + bias[i][j], -infinity where the pair is not allowed
 *   weights         = softmax over j of masked; a row that may see nothing is 0
 *   output  o[i]    = sum over j of weights[i][j]·v[j]              (n×d_v)
 *
 * Source: Vaswani et al. 2017 (arXiv:1706.03762) eq. 1; softcap: Gemma 2 (arXiv:2408.00118), section 2.
 */
#ifndef ATTN_CORE_HEAD_H
#define ATTN_CORE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A matrix inside somebody else's memory: element (i, j) is data[i*row + j*column]. A step of 0 repeats. */
struct grid {
    const float *data; /* NULL: absent */
    size_t row, column;
};

struct head {
    size_t n, m;         /* queries, keys */
    size_t d_k, d_v;     /* d_v is 0 where there is no v */
    struct grid q, k, v; /* n×d_k, m×d_k, m×d_v; the column step is 1 */
    double scale;
    double softcap; /* 0: none */
    bool causal;    /* query i sees keys j <= i + offset */
    int64_t offset;
    int64_t left, right; /* keys from i+offset-left to i+offset+right; -1: without end */
    struct grid mask;    /* nonzero attends, or zero does where mask_true_blocks */
    bool mask_true_blocks;
    struct grid bias; /* -infinity forbids */
};

/* The keys that causal and window leave to query i: [*first, *end), empty where first == end. */
void head_reach(const struct head *head, size_t i, size_t *first, size_t *end);

/* Whether query i may look at key j, by all masks in force. */
bool head_allows(const struct head *head, size_t i, size_t j);

#endif
