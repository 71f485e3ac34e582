/*
 * Encodings of positions: numbers added to embeddings (sinusoidal), rotations of q and k (rotary), and
 * numbers added to scores by the distance between query and key (ALiBi, T5). Positions count tokens and may
 * be negative.
 */
#ifndef ATTN_ATTENTION_POSITION_H
#define ATTN_ATTENTION_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sinusoidal: out[rows×d], for the positions from `first` on:
 *   out[p][2t] = sin(p/base^(2t/d)), out[p][2t + 1] = cos(p/base^(2t/d))
 * Source: Vaswani et al. 2017 (arXiv:1706.03762) section 3.5.
 */
void position_sinusoidal(float *out, size_t rows, size_t d, int64_t first, double base);

/* Which columns of a head make pair t: t and t + columns/2, or 2t and 2t + 1. */
enum rotary { ROTARY_HALVES, ROTARY_INTERLEAVED };

/*
 * Rotates, in place, the first `columns` (even) columns of each head; row i of head h is at
 * x + i*row_step + h*head_step, at position p = first + i. Pair t is rotated by the angle
 * p·base^(-2t/columns), in radians.
 * Source: Su et al. 2021 (arXiv:2104.09864) section 3.4.2; halves: as GPT-NeoX lays them out.
 */
void position_rotate(float *x, size_t rows, size_t row_step, size_t heads, size_t head_step, size_t columns,
                     enum rotary layout, int64_t first, double base);

/* The table of these rotations, out[rows×columns]: in each row columns/2 cosines, then as many sines. */
void position_rotary_table(float *out, size_t rows, size_t columns, int64_t first, double base);

/* ALiBi's slope of a head, per token of distance: 2^(-8(h+1)/heads) if heads is a power of two; otherwise the
 * slopes for the next lower power, then every second one for the next higher. Source: Press et al. 2021
 * (arXiv:2108.12409) section 3 and its published code. */
double position_slope(size_t head, size_t heads);

/*
 * T5's bucket, from 0 to buckets - 1, of a key `ahead` positions after the query (negative: before it). The
 * first half of the buckets hold one distance each, the others grow with the logarithm up to the distance
 * `furthest`. With both_sides, keys before and after the query have half of the buckets each. Source: Raffel
 * et al. 2019 (arXiv:1910.10683) section 2.1 and its published code.
 */
size_t position_bucket(int64_t ahead, bool both_sides, size_t buckets, size_t furthest);

#endif
