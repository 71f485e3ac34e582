/*
 * One head of one layer, checked and ready: what all implementations of the maths compute.
 *
 *   scores  s[i][j] = q[i]·k[j]                                     (n×m)
 *                     or sum over c of additive[c]·tanh(q[i][c] + k[j][c]), or -|q[i] - k[j]|²/2
 *   scaled          = scale·query_scale[i]·s, then softcap·tanh(scaled/softcap) where a softcap is set
 *   masked          = scaled + bias[i][j] + distance(i, j), or -infinity (or the fill) if the pair is not allowed
 *   weights         = softmax over j of masked, or of the top_k largest, or another normalizer, then a Gaussian
 *                     factor, then dropout; 0 in a row without an allowed pair
 *   output  o[i]    = sum over j of weights[i][j]·v[j]              (n×d_v)
 *
 * Query i stands at position i + offset among the keys. Projections, rotary positions, unit length and
 * feature maps have been applied to q and k: compute/layer.h.
 *
 * Sources: Vaswani et al. 2017 (arXiv:1706.03762) eq. 1; softcap: Gemma 2 (arXiv:2408.00118) section 2;
 * additive: Bahdanau et al. 2014 (arXiv:1409.0473) section A.1.2; sink: gpt-oss and Xiao et al. 2023
 * (arXiv:2309.17453) section 3.2; sparsemax: Martins and Astudillo 2016 (arXiv:1602.02068); entmax15: Peters,
 * Niculae and Martins 2019 (arXiv:1905.05702) section 3; sigmoid: Ramapuram and others 2024 (arXiv:2409.04431);
 * Gaussian factor: Luong, Pham and Manning 2015 (arXiv:1508.04025) eq. 10.
 */
#ifndef ATTN_ATTENTION_HEAD_H
#define ATTN_ATTENTION_HEAD_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/forms.h"
#include "attention/position.h"
#include "base/error.h"

/* A matrix in borrowed memory: element (i, j) is data[i*row + j*column]. A step of 0 repeats. */
struct strided {
    const float *data; /* NULL: absent */
    size_t row, column;
};

/* A pair is allowed if every rule that is set allows it. Two exceptions: a pair with a global query or key is
 * exempt from window, dilation and block; keys of the prefix are exempt from causal. */
struct rules {
    bool causal;         /* allows keys j <= i + offset */
    int64_t left, right; /* the window: keys from i + offset - left to i + offset + right; -1: without end */
    size_t prefix;       /* keys before this one are allowed whatever causal says */
    bool is_padded;      /* keys from key_length on are padding, and not allowed */
    size_t key_length;
    size_t dilation; /* allows keys whose distance is a multiple of this; 0: all */
    size_t block;    /* tokens in a block; allows keys of the query's own block, or by block_mask; 0: all */
    struct strided block_mask;                  /* blocks of queries × blocks of keys: nonzero attends */
    const uint8_t *query_global, *key_global;   /* n, m flags of global tokens; NULL: there is none */
    const int32_t *query_segment, *key_segment; /* n, m: allows keys of the query's segment; NULL: all */
    struct strided key_mask;                    /* 1×m, otherwise as mask; its row step is 0 */
    struct strided mask;                        /* n×m: nonzero attends, or zero if mask_true_blocks */
    bool mask_true_blocks;
};

/* Linear attention as a recurrence: attention/recurrence.h. */
struct recurrent {
    enum recurrence rule;
    struct strided decay; /* m×d_k, logarithms; column step 0: one for all columns */
    struct strided beta;  /* m×1 */
    struct strided state; /* d_k×d_v, before the first key; absent: zeros */
};

/* What T5 adds by distance: buckets×heads numbers. */
struct relative {
    const float *table; /* from the column of the head on; NULL: nothing is added */
    size_t heads, buckets, furthest;
    bool both_sides;
};

/* Numbers behind a table of distances that the engine may read, and does not use. */
enum { HEAD_SPARE = 64 };

struct head {
    size_t n, m;            /* queries, keys */
    size_t d_k, d_v;        /* columns of q and k, and of v; d_v is 0 if there is no v */
    struct strided q, k, v; /* n×d_k, m×d_k, m×d_v; the column step is 1 */
    size_t first;           /* of a part (head_part): query 0 is this query of the whole; otherwise 0 */
    size_t whole_n; /* of a part: the queries of the whole, with which it shares its bytes; otherwise 0 */
    int64_t offset; /* position of query 0 among the keys */
    const float *additive; /* d_k numbers; NULL: scores are dot products */
    float largest_q;       /* with `additive`: the largest |q| of the whole, or 0 for not known */
    bool by_distance;      /* scores are -|q - k|²/2 instead */
    double scale;
    const float *query_scale; /* n: further factors, one a query; NULL: none */
    double softcap;           /* 0: none */
    struct strided bias;      /* n×m; -infinity masks */
    /* Added by distance: distance[x] to pairs of i + offset - j = distance_first + x. At all distances that
     * occur, and HEAD_SPARE numbers more; or NULL. */
    const float *distance;
    int64_t distance_first;
    double slope; /* ALiBi: distance is -slope·|i + offset - j|, rounded; otherwise 0 */
    /* has_positions: what is added goes by positions that were given, not by i + offset and j, and by `slope` or
     * `relative`; there is no table. Masks go by i + offset and j all the same. */
    bool has_positions;
    struct position_list query_at, key_at;
    struct relative relative;
    struct rules rules;
    /* Masked pairs have the score `fill` instead of -infinity, and with it a weight; NaN: rows without an allowed
     * pair are NaN. */
    bool has_fill;
    double fill;
    size_t
        top_k; /* normalizes the so many largest of a row, of equal ones the earlier; the others weigh 0; 0: all */
    enum normalizer normalizer;
    const float *center,
        *sigma;        /* n: weights are multiplied by exp(-(j - center)²/(2·sigma²)); NULL: no factor */
    size_t sigma_step; /* 0: one for all queries */
    /* Differential attention: the weights of this head, of the same rules, are taken off, times minus_share; NULL: none.
     * Not part of a part: its query 0 is that of the whole. */
    const struct head *minus;
    double minus_share;
    bool has_sink;
    double sink;    /* with softmax: a logit beside those of the keys */
    double dropout; /* the probability that a weight is dropped */
    uint64_t seed;  /* of this head */
    struct recurrent recurrent;
};

/* The part of a head with queries first..first+count-1 and all keys. Its memory is that of the whole. */
struct head head_part(const struct head *whole, size_t first, size_t count);

/*
 * The part of a head with all queries and keys first..first+count-1: scores, masked scores and allowed pairs are those
 * of the whole, its key j being key first + j there. Weights are shares of these keys alone, with the sink of the whole
 * if there is one. Its memory is that of the whole. `first` is a multiple of rules.block, if that is set. The head has
 * no Gaussian factor, second head, dropout, recurrence or top_k: these go by the places or the number of all keys.
 */
struct head head_keys(const struct head *whole, size_t first, size_t count);

/* The queries of the whole that a head is a part of, or of itself: what it is computed by goes by these. */
static inline size_t head_whole_n(const struct head *head)
{
    return head->whole_n > 0 ? head->whole_n : head->n;
}

/* Whether the weights are shares of a whole, whose entropy and mean distance mean something: not those of a
 * recurrence, of keys each by itself, or after dropout. */
static inline bool head_is_distribution(const struct head *head)
{
    return head->recurrent.rule == RECURRENCE_NONE && head->normalizer != NORMALIZER_SIGMOID &&
           !head->minus && !(head->dropout > 0);
}

/* Whether anything is added to scores by distance. */
static inline bool head_has_distance(const struct head *head)
{
    return head->distance || head->has_positions;
}

/* What is added to the scaled score of a pair by its distance; 0 if nothing is. */
double head_distance(const struct head *head, size_t i, size_t j);

#endif
