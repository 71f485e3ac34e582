/*
 * One head of one layer, checked and ready: what all implementations of the maths compute.
 *
 *   scores  s[i][j] = q[i]·k[j]                                     (n×m)
 *                     or sum over c of additive[c]·tanh(q[i][c] + k[j][c])
 *   scaled          = scale·s, then softcap·tanh(scaled/softcap) where a softcap is set
 *   masked          = scaled + bias[i][j] + distance(i, j), -infinity where the pair is not allowed
 *   weights         = softmax over j of masked, or another normalizer; a row that may see nothing is 0;
 *                     then dropout
 *   output  o[i]    = sum over j of weights[i][j]·v[j]              (n×d_v)
 *
 * Query i stands at position i + offset among the keys. What must be done to q and k before they meet
 * (projections, rotary positions, unit length, feature maps) has been done: compute/layer.h.
 *
 * Sources: Vaswani et al. 2017 (arXiv:1706.03762) eq. 1; softcap: Gemma 2 (arXiv:2408.00118) section 2;
 * additive: Bahdanau et al. 2014 (arXiv:1409.0473) section A.1.2; sink: gpt-oss and Xiao et al. 2023
 * (arXiv:2309.17453) section 3.2; sparsemax: Martins and Astudillo 2016 (arXiv:1602.02068).
 */
#ifndef ATTN_ATTENTION_HEAD_H
#define ATTN_ATTENTION_HEAD_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/forms.h"
#include "base/error.h"

/* A matrix inside somebody else's memory: element (i, j) is data[i*row + j*column]. A step of 0 repeats. */
struct strided {
    const float *data; /* NULL: absent */
    size_t row, column;
};

/* Which pairs are allowed. All that are set must allow a pair, but that a token marked global lifts window,
 * dilation and block, and prefix lifts causal. */
struct rules {
    bool causal;         /* query i sees keys j <= i + offset */
    int64_t left, right; /* keys from i+offset-left to i+offset+right; -1: without end */
    size_t prefix;       /* keys before this one are seen whatever causal says */
    bool is_padded;      /* keys from key_length on are padding */
    size_t key_length;
    size_t dilation; /* only keys at distances that this divides; 0: all */
    size_t block;    /* only keys of the query's own block of this many, 0: all; or as block_mask says */
    struct strided block_mask;                  /* by block of queries and of keys: nonzero attends */
    const uint8_t *query_global, *key_global;   /* n, m flags; NULL: none is */
    const int32_t *query_segment, *key_segment; /* n, m: only keys of the same segment; NULL: all */
    struct strided key_mask;                    /* as mask, of keys; its row step is 0 */
    struct strided mask;                        /* nonzero attends, or zero does where mask_true_blocks */
    bool mask_true_blocks;
};

/* Linear attention as a recurrence: attention/recurrence.h. */
struct recurrent {
    enum recurrence rule;
    struct strided decay; /* m×d_k, logarithms; column step 0: one for all columns */
    struct strided beta;  /* m×1 */
    struct strided state; /* d_k×d_v to begin with; absent: zeros */
};

enum { HEAD_SPARE = 64 };

struct head {
    size_t n, m;            /* queries, keys */
    size_t d_k, d_v;        /* columns that are compared, and of v; d_v is 0 where there is no v */
    struct strided q, k, v; /* n×d_k, m×d_k, m×d_v; the column step is 1 */
    size_t first;           /* row 0 is this query of the whole */
    int64_t offset;         /* position of query 0 of the whole, plus first */
    const float *additive;  /* d_k numbers; NULL: scores are dot products */
    double scale;
    double softcap;      /* 0: none */
    struct strided bias; /* -infinity forbids */
    /* Added by how far the query stands behind the key, from distance_first on, and HEAD_SPARE numbers more,
     * which the engine reads and drops; or NULL. */
    const float *distance;
    int64_t distance_first;
    struct rules rules;
    enum normalizer normalizer;
    bool has_sink;
    double sink;    /* with softmax: a logit beside those of the keys */
    double dropout; /* how likely a weight is dropped */
    uint64_t seed;  /* of this head */
    struct recurrent recurrent;
};

/* The part of a head that `count` queries from the first-th make. */
struct head head_part(const struct head *whole, size_t first, size_t count);

/* What is added to the scaled score for the distance; 0 where there is no such table. */
static inline float head_distance(const struct head *head, size_t i, size_t j)
{
    return head->distance ? head->distance[(int64_t)i + head->offset - (int64_t)j - head->distance_first] : 0;
}

/* Whether the float32 engine can compute it; otherwise the plain one does. */
static inline bool head_is_fast(const struct head *head)
{
    return !head->additive && head->normalizer == NORMALIZER_SOFTMAX && !head->has_sink &&
           !(head->dropout > 0) && head->recurrent.rule == RECURRENCE_NONE;
}

#endif
