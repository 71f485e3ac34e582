/*
 * Encodings of positions: numbers added to embeddings (sinusoidal), rotations of q and k (rotary), and
 * numbers added to scores by the distance between query and key (ALiBi, T5). Positions count tokens, unless
 * they are given; they may be negative, and given ones need not be whole.
 */
#ifndef ATTN_ATTENTION_POSITION_H
#define ATTN_ATTENTION_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The positions of rows, on one axis or on several (the rows and columns of an image). */
struct position_list {
    const float *given; /* axes×axis_step, borrowed; NULL: row i stands at first + i, on every axis */
    size_t axes;        /* of `given`; 1 serves every axis */
    size_t axis_step;   /* numbers from an axis to the next */
    int64_t first;
};

/* The position of a row on an axis. */
static inline double position_at(const struct position_list *list, size_t axis, size_t row)
{
    if (!list->given)
        return (double)(list->first + (int64_t)row);
    return (double)list->given[(list->axes > 1 ? axis * list->axis_step : 0) + row];
}

/* The list without its first `rows` rows. */
struct position_list position_skip(struct position_list list, size_t rows);

/*
 * Sinusoidal: out[rows×d], p being the position of the row on the first axis:
 *   out[i][2t] = sin(p/base^(2t/d)), out[i][2t + 1] = cos(p/base^(2t/d))
 * Source: Vaswani et al. 2017 (arXiv:1706.03762) section 3.5.
 */
void position_sinusoidal(float *out, size_t rows, size_t d, const struct position_list *positions,
                         double base);

/* Which columns of a part make pair t: t and t + width/2, or 2t and 2t + 1. */
enum rotary { ROTARY_HALVES, ROTARY_INTERLEAVED };

/* How q and k are rotated. Pair t is pair t mod (columns/2/parts) of part t div (columns/2/parts). */
struct rotation {
    enum rotary layout;
    size_t columns;      /* of a head, its first ones; even */
    size_t parts;        /* that the columns are cut into, each turned as a head of its own: usually 1 */
    const double *turn;  /* columns/2: radians that a pair turns by from one position to the next */
    const uint8_t *axis; /* columns/2: the axis whose positions turn a pair; NULL: the first */
    double factor;       /* on cosines and sines; 1: none */
};

/*
 * Rotates, in place, the first columns of each head; row i of head h is at x + i*row_step + h*head_step. Pair t
 * is rotated by the angle p·turn[t], p being the position of the row on the pair's axis, and multiplied by the
 * factor.
 * Sources: Su et al. 2021 (arXiv:2104.09864) section 3.4.2; halves: as GPT-NeoX lays them out. Parts with an axis
 * each: the code of EVA-02 (Fang et al. 2023, arXiv:2303.11331); pairs with an axis each: Qwen2-VL (Wang et al.
 * 2024, arXiv:2409.12191) section 2.1. The factor: YaRN (Peng et al. 2023, arXiv:2309.00071) section 3.4.
 */
void position_rotate(float *x, size_t rows, size_t row_step, size_t heads, size_t head_step,
                     const struct rotation *rotation, const struct position_list *positions);

/* The table of these rotations, out[rows×columns]: in each row columns/2 cosines, then as many sines, with the
 * factor. */
void position_rotary_table(float *out, size_t rows, const struct rotation *rotation,
                           const struct position_list *positions);

/* ALiBi's slope of a head, per token of distance: 2^(-8(h+1)/heads) if heads is a power of two; otherwise the
 * slopes for the next lower power, then every second one for the next higher. Source: Press et al. 2021
 * (arXiv:2108.12409) section 3 and its published code. */
double position_slope(size_t head, size_t heads);

/*
 * T5's bucket, from 0 to buckets - 1, of a key `ahead` positions after the query (negative: before it). The
 * first half of the buckets hold one distance each, from it up to the next, the others grow with the logarithm up to the distance
 * `furthest`. With both_sides, keys before and after the query have half of the buckets each. Source: Raffel
 * et al. 2019 (arXiv:1910.10683) section 2.1 and its published code.
 */
size_t position_bucket(double ahead, bool both_sides, size_t buckets, size_t furthest);

#endif
