/* How many weights of a row, the heaviest first, make a share of it. */
#ifndef ATTN_ATTENTION_HEAVIEST_H
#define ATTN_ATTENTION_HEAVIEST_H

#include <stddef.h>
#include <stdint.h>

/*
 * The fewest of `count` numbers whose sum is `share` of the sum of those above 0, up to a millionth of it: float32 does not hold
 * more. 0 where none is above 0. `largest` is the largest of them, times `count` below 2²²; `room` has room for `count`. Sums are of
 * whole multiples of 2⁻⁴⁰, and so do not depend on the order of the numbers.
 */
size_t heaviest_count(const float *numbers, size_t count, float largest, double share, int64_t *room);

#endif
