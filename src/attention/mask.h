/*
 * Which pairs of a head are allowed: the rules of struct rules, the mask and the bias, asked pair by pair, row
 * by row, or of many pairs at once.
 */
#ifndef ATTN_ATTENTION_MASK_H
#define ATTN_ATTENTION_MASK_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/head.h"

/* Whether a mask, if there is one, leaves the pair. */
static inline bool matrix_allows(const struct strided *mask, bool true_blocks, size_t i, size_t j)
{
    return !mask->data || (mask->data[i * mask->row + j * mask->column] != 0) != true_blocks;
}

/* Whether a bias, if there is one, does. */
static inline bool bias_allows(const struct strided *bias, size_t i, size_t j)
{
    return !bias->data || bias->data[i * bias->row + j * bias->column] != -INFINITY;
}

/* The keys that causal, prefix, padding and, where nothing is global, window and blocks (not those of a
 * block_mask) leave to query i: [*first, *end), empty where first == end. */
void mask_reach(const struct head *head, size_t i, size_t *first, size_t *end);

/* Whether query i may look at key j, by all masks in force. */
bool mask_allows(const struct head *head, size_t i, size_t j);

/* The keys that query i may look at, in order, into keys[0..m). Returns how many they are. */
size_t mask_keys(const struct head *head, size_t i, size_t *keys);

/* The block of a position, which may be negative; blocks are counted from position 0. */
static inline int64_t mask_block(int64_t position, size_t block)
{
    return position >= 0 ? position / (int64_t)block : -1 - (-1 - position) / (int64_t)block;
}

/* Whether more is in force than mask_reach says, mask and bias aside. */
bool mask_has_pattern(const struct head *head);

/* Whether anything forbids pairs at all. */
bool mask_is_any(const struct head *head);

/* Whether causal and window, if anything, say all about which pairs are allowed. */
bool mask_is_band(const struct head *head);

/* Whether global tokens or a prefix lift causal or window. */
bool mask_has_exceptions(const struct head *head);

/* False only where no query of [first, end) may look at any key of [from, to); reach and bias aside. */
bool mask_may_attend(const struct head *head, size_t first, size_t end, size_t from, size_t to);

/* Narrows the keys [*from, *to), where mask_may_attend is true, to the least range outside which no query may
 * look. Does so for window and global tokens and for the mask of keys: the others rarely end in the midst of
 * a few keys. */
void mask_narrow(const struct head *head, size_t first, size_t end, size_t *from, size_t *to);

#endif
