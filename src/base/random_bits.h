/* Random whole numbers, the same on every machine: SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195). */
#ifndef ATTN_BASE_RANDOM_BITS_H
#define ATTN_BASE_RANDOM_BITS_H

#include <stdint.h>

/* By how much the state grows, and how a state is made a number. */
#define RANDOM_BITS_STEP UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t random_bits_of(uint64_t state)
{
    uint64_t z = state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The next 64 bits. */
static inline uint64_t random_bits(uint64_t *state)
{
    *state += RANDOM_BITS_STEP;
    return random_bits_of(*state);
}

/* Uniform below `count`, which is not 0. */
static inline uint64_t random_below(uint64_t *state, uint64_t count)
{
    const uint64_t uneven =
        (UINT64_MAX - count + 1) % count; /* 2^64 modulo count: the last numbers would come too often */
    uint64_t bits = random_bits(state);
    while (uneven > 0 && bits >= UINT64_MAX - uneven + 1)
        bits = random_bits(state);
    return bits % count;
}

#endif
