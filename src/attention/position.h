/*
 * Encodings of positions: numbers that are added to embeddings, turns of q and k, and what is added to the
 * scores for the distance between query and key. Positions may be negative.
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

/* Which columns of a head are turned together: t and t + columns/2, or 2t and 2t + 1. */
enum rotary { ROTARY_HALVES, ROTARY_INTERLEAVED };

/*
 * Turns the first `columns` (even) of each of `heads` heads of d columns in place, in rows of row_step
 * floats, head h at h*head_step: the pair t of the row at position p by the angle p·base^(-2t/columns).
 * Source: Su et al. 2021 (arXiv:2104.09864) section 3.4.2; halves: as GPT-NeoX lays them out.
 */
void position_rotate(float *x, size_t rows, size_t row_step, size_t heads, size_t head_step, size_t columns,
                     enum rotary layout, int64_t first, double base);

/* The table of these turns: out[rows×columns], columns/2 cosines and then columns/2 sines. */
void position_rotary_table(float *out, size_t rows, size_t columns, int64_t first, double base);

/* ALiBi's slope of a head: 2^(-8(h+1)/heads) where heads is a power of two, otherwise those of the next lower
 * power and then every second of the next higher. Source: Press et al. 2021 (arXiv:2108.12409) section 3 and
 * its published code. */
double position_slope(size_t head, size_t heads);

/*
 * T5's bucket of a key `ahead` positions after the query (negative: before it): the first half of the buckets
 * is exact, the others grow with the logarithm up to `furthest`. Where keys are seen on both sides each side
 * has half of the buckets. Source: Raffel et al. 2019 (arXiv:1910.10683) section 2.1 and its published code.
 */
size_t position_bucket(int64_t ahead, bool both_sides, size_t buckets, size_t furthest);

#endif
