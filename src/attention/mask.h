/*
 * Which pairs of a head are allowed, by the rules of struct rules and by a bias of -infinity: for one pair,
 * for a row, or for many pairs at once.
 */
#ifndef ATTN_ATTENTION_MASK_H
#define ATTN_ATTENTION_MASK_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/head.h"

/* Whether a mask allows the pair; true if there is no mask. */
static inline bool matrix_allows(const struct strided *mask, bool true_blocks, size_t i, size_t j)
{
    return !mask->data || (mask->data[i * mask->row + j * mask->column] != 0) != true_blocks;
}

/* Whether a bias allows the pair; true if there is no bias. */
static inline bool bias_allows(const struct strided *bias, size_t i, size_t j)
{
    return !bias->data || bias->data[i * bias->row + j * bias->column] != -INFINITY;
}

/* The reach of query i: the range [*first, *end) of keys that causal, prefix and padding allow, and if there
 * are no global tokens also window and block (but not block_mask). Empty: *first == *end. */
void mask_reach(const struct head *head, size_t i, size_t *first, size_t *end);

/* Whether query i may attend to key j: by all rules, the mask and the bias. */
bool mask_allows(const struct head *head, size_t i, size_t j);

/* Writes the keys that query i may attend to, in order, to keys[0..m). Returns how many they are. */
size_t mask_keys(const struct head *head, size_t i, size_t *keys);

/* How far the position of query i is from the nearest key that it may attend to, in tokens; 0 if it may attend
 * to none. */
int64_t mask_distance(const struct head *head, size_t i);

/* The block of a position, which may be negative; blocks are counted from position 0. */
static inline int64_t mask_block(int64_t position, size_t block)
{
    return position >= 0 ? position / (int64_t)block : -1 - (-1 - position) / (int64_t)block;
}

/* Whether there are rules that mask_reach does not cover; mask and bias aside. */
bool mask_has_pattern(const struct head *head);

/* Whether there is any rule, mask or bias that could mask a pair. */
bool mask_is_any(const struct head *head);

/* Whether causal and window alone decide which pairs are allowed; also true if nothing masks any. */
bool mask_is_band(const struct head *head);

/* Whether some pairs are exempt from causal or window, by global tokens or a prefix. */
bool mask_has_exceptions(const struct head *head);

/* A cheap, conservative test for skipping: false means that no query in [first, end) may attend to any key in
 * [from, to). Ignores reach and bias, so true may be wrong. */
bool mask_may_attend(const struct head *head, size_t first, size_t end, size_t from, size_t to);

/* The same for leaving out masks: true means that every query in [first, end) may attend to every key in [from, to), reach
 * and bias aside. False may be wrong. */
bool mask_is_open(const struct head *head, size_t first, size_t end, size_t from, size_t to);

/* Narrows a range of keys [*from, *to) for which mask_may_attend is true: no query in [first, end) may attend
 * to the keys cut off at its ends. Heeds window beside global tokens and the mask of keys; other rules rarely
 * begin or end inside a short range. */
void mask_narrow(const struct head *head, size_t first, size_t end, size_t *from, size_t *to);

#endif
