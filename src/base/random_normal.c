/*
 * Exact sampling as Karney 2016 (arXiv:1303.6257, doi:10.1145/2710016) has it: algorithm N, with von Neumann's way to be true with a
 * probability of e^-x, which only compares uniform numbers. These are of 32 bits here, so that probabilities are right to 2^-32. They
 * come of SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195) from where the counters lead it.
 */
#include "base/random_normal.h"

#include <stdbool.h>

#include "base/random_bits.h"

/* Uniform in [0, 1), in steps of 2^-32. */
static uint64_t draw(uint64_t *state)
{
    return random_bits(state) >> 32;
}

/* True with probability e^-½ (algorithm H): how many uniform numbers fall one below the other, the first below ½. */
static bool is_halved(uint64_t *state)
{
    uint64_t below = UINT64_C(1) << 31, next;
    bool even = true;
    while ((next = draw(state)) < below) {
        below = next;
        even = !even;
    }
    return even;
}

/* True with probability e^(-x·(2k + x)/(2k + 2)), x in steps of 2^-32 (algorithm B). */
static bool is_accepted(uint64_t *state, uint64_t k, uint64_t x)
{
    uint64_t below = x, next;
    bool even = true;
    while ((next = draw(state)) < below && draw(state) * (2 * k + 2) < (2 * k << 32) + x) {
        below = next;
        even = !even;
    }
    return even;
}

/* The absolute value, in steps of 2^-32 (algorithm N, steps 1 to 5). */
static uint64_t draw_half(uint64_t *state)
{
    for (;;) {
        uint64_t k = 0, tries = 0;
        while (is_halved(state))
            k++;
        const uint64_t needed = k < 2 ? 0 : k * (k - 1);
        while (tries < needed && is_halved(state))
            tries++;
        if (tries < needed)
            continue;
        const uint64_t x = draw(state);
        for (tries = 0; tries <= k && is_accepted(state, k, x); tries++)
            ;
        if (tries > k)
            return (k << 32) + x;
    }
}

int64_t random_normal(uint64_t seed, const uint64_t *counters, size_t count)
{
    uint64_t state = seed;
    for (size_t c = 0; c < count; c++)
        state = random_bits_of(state + (counters[c] + 1) * RANDOM_BITS_STEP);
    const int64_t size = (int64_t)((draw_half(&state) * 10000 + (UINT64_C(1) << 31)) >> 32);
    return draw(&state) >> 31 ? -size : size;
}
