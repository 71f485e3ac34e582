/*
 * Standard normal random numbers, the same on every machine: whole numbers are drawn and compared, and no function of the
 * mathematical library has a say in any digit.
 */
#ifndef ATTN_BASE_RANDOM_NORMAL_H
#define ATTN_BASE_RANDOM_NORMAL_H

#include <stddef.h>
#include <stdint.h>

/* A number of the distribution N(0, 1), in ten-thousandths and rounded to the nearest, that depends on the seed and `count` counters
 * alone: the place of the number, say. Other seeds and places have numbers that are independent of it. */
int64_t random_normal(uint64_t seed, const uint64_t *counters, size_t count);

#endif
