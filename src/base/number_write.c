/*
 * Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2020), for float32.
 *
 * A float v = c*2^q reads back from every decimal between the midpoints to its neighbours (the midpoints
 * included where c is even). The widest power 10^k that is not wider than that interval leaves one to ten of
 * its multiples inside, so the shortest decimal is a multiple of 10^(k+1), of which at most one fits, or else
 * the multiple of 10^k nearest to v.
 *
 * All comparisons are made on 4v*10^-k and the midpoints scaled alike, cut to integers whose lowest bit also
 * says whether anything was cut ("round to odd"), which keeps every comparison with a multiple of 2 exact. 63
 * bits of 10^-k are enough for that (section 9.9 of the paper, where the table holds 126 bits for doubles).
 */
#include "base/number_write.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { POWER_MIN = -31, POWER_MAX = 45 };

/* For k from POWER_MIN to POWER_MAX: 10^k divided by the power of two that leaves 64 bits before the point,
 * floor, plus 1: floor(10^k * 2^(63 - floor(log2(10^k)))) + 1. */
static const uint64_t powers[POWER_MAX - POWER_MIN + 1] = {
    0x81ceb32c4b43fcf5, 0xa2425ff75e14fc32, 0xcad2f7f5359a3b3f, 0xfd87b5f28300ca0e, 0x9e74d1b791e07e49,
    0xc612062576589ddb, 0xf79687aed3eec552, 0x9abe14cd44753b53, 0xc16d9a0095928a28, 0xf1c90080baf72cb2,
    0x971da05074da7bef, 0xbce5086492111aeb, 0xec1e4a7db69561a6, 0x9392ee8e921d5d08, 0xb877aa3236a4b44a,
    0xe69594bec44de15c, 0x901d7cf73ab0acda, 0xb424dc35095cd810, 0xe12e13424bb40e14, 0x8cbccc096f5088cc,
    0xafebff0bcb24aaff, 0xdbe6fecebdedd5bf, 0x89705f4136b4a598, 0xabcc77118461cefd, 0xd6bf94d5e57a42bd,
    0x8637bd05af6c69b6, 0xa7c5ac471b478424, 0xd1b71758e219652c, 0x83126e978d4fdf3c, 0xa3d70a3d70a3d70b,
    0xcccccccccccccccd, 0x8000000000000001, 0xa000000000000001, 0xc800000000000001, 0xfa00000000000001,
    0x9c40000000000001, 0xc350000000000001, 0xf424000000000001, 0x9896800000000001, 0xbebc200000000001,
    0xee6b280000000001, 0x9502f90000000001, 0xba43b74000000001, 0xe8d4a51000000001, 0x9184e72a00000001,
    0xb5e620f480000001, 0xe35fa931a0000001, 0x8e1bc9bf04000001, 0xb1a2bc2ec5000001, 0xde0b6b3a76400001,
    0x8ac7230489e80001, 0xad78ebc5ac620001, 0xd8d726b7177a8001, 0x878678326eac9001, 0xa968163f0a57b401,
    0xd3c21bcecceda101, 0x84595161401484a1, 0xa56fa5b99019a5c9, 0xcecb8f27f4200f3b, 0x813f3978f8940985,
    0xa18f07d736b90be6, 0xc9f2c9cd04674edf, 0xfc6f7c4045812297, 0x9dc5ada82b70b59e, 0xc5371912364ce306,
    0xf684df56c3e01bc7, 0x9a130b963a6c115d, 0xc097ce7bc90715b4, 0xf0bdc21abb48db21, 0x96769950b50d88f5,
    0xbc143fa4e250eb32, 0xeb194f8e1ae525fe, 0x92efd1b8d0cf37bf, 0xb7abc627050305ae, 0xe596b7b0c643c71a,
    0x8f7e32ce7bea5c70, 0xb35dbf821ae4f38c,
};

/* floor(log10(2^q)), floor(log10(3/4 * 2^q)) and floor(log2(10^k)): exact where floats need them. */
static inline int log10_of_power2(int q)
{
    return (q * 1262611) >> 22;
}
static inline int log10_of_three_quarters(int q)
{
    return (q * 1262611 - 524031) >> 22;
}
static inline int log2_of_power10(int k)
{
    return (k * 1741647) >> 19;
}

/* power*x / 2^64, rounded to odd. One unit of error in the product, from the table, is not a remainder. */
static inline uint32_t scale_to_odd(uint64_t power, uint32_t x)
{
    unsigned __int128 product = (unsigned __int128)power * x;
    uint32_t whole = (uint32_t)(product >> 64);
    uint32_t rest = (uint32_t)(product >> 32);
    return whole | (rest > 1);
}

/* The shortest decimal of a positive finite float, as *digits * 10^(result); trailing zeros are left in. */
static int shortest(uint32_t bits, uint32_t *digits)
{
    uint32_t fraction = bits & 0x7fffff, biased = bits >> 23;
    uint32_t c = biased ? fraction | 0x800000 : fraction;
    int q = biased ? (int)biased - 150 : -149;
    bool even = c % 2 == 0;
    /* Below a power of two the floats lie twice as dense. */
    bool uneven = fraction == 0 && biased > 1;

    int k = uneven ? log10_of_three_quarters(q) : log10_of_power2(q);
    int shift = q + log2_of_power10(-k) + 1;
    uint64_t power = powers[-k - POWER_MIN];
    uint32_t low = scale_to_odd(power, (4 * c - 2 + uneven) << shift);
    uint32_t middle = scale_to_odd(power, (4 * c) << shift);
    uint32_t high = scale_to_odd(power, (4 * c + 2) << shift);
    if (!even) {
        low++;
        high--;
    }

    uint32_t below = middle / 4;
    if (below >= 10) {
        uint32_t tens = below / 10;
        bool tens_fit = low <= 40 * tens, next_fit = 40 * tens + 40 <= high;
        if (tens_fit != next_fit) {
            *digits = tens + next_fit;
            return k + 1;
        }
    }
    bool below_fits = low <= 4 * below, above_fits = 4 * below + 4 <= high;
    if (below_fits != above_fits) {
        *digits = below + above_fits;
    } else {
        uint32_t half = 4 * below + 2;
        *digits = below + (middle > half || (middle == half && below % 2 == 1));
    }
    return k;
}

/* Writes exactly `count` digits of the number, zeros in front. */
static void put_digits(char *out, uint32_t number, int count)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";
    for (; count >= 2; count -= 2) {
        memcpy(out + count - 2, pairs + number % 100 * 2, 2);
        number /= 100;
    }
    if (count)
        *out = (char)('0' + number);
}

/* floor(log10(2^bits)), or one more: decided by the power of ten between. For 1 to 10^9 - 1. */
static int count_digits(uint32_t number)
{
    static const uint32_t tens[] = {1,      10,      100,      1000,      10000,
                                    100000, 1000000, 10000000, 100000000, 1000000000};
    int low = log10_of_power2(32 - __builtin_clz(number));
    return low + (number >= tens[low]);
}

size_t number_write(char out[NUMBER_SIZE], float value)
{
    char *p = out;
    uint32_t bits, digits;
    memcpy(&bits, &value, sizeof bits);
    if (bits >> 31)
        *p++ = '-';
    bits &= 0x7fffffff;
    if (bits == 0) {
        *p++ = '0';
        return (size_t)(p - out);
    }
    int exponent = shortest(bits, &digits);
    for (; digits % 1000 == 0; digits /= 1000)
        exponent += 3;
    for (; digits % 10 == 0; digits /= 10)
        exponent++;
    int count = count_digits(digits);
    int point = count + exponent; /* the value is 0.DIGITS * 10^point */

    if (point > 16 || point < -3) { /* d.ddde-05, as Python does */
        put_digits(p + 1, digits, count);
        p[0] = p[1];
        p[1] = '.';
        p += count > 1 ? count + 1 : 1;
        int shown = point - 1;
        *p++ = 'e';
        *p++ = shown < 0 ? '-' : '+';
        put_digits(p, (uint32_t)abs(shown), 2);
        p += 2;
    } else if (point <= 0) { /* 0.000ddd */
        memcpy(p, "0.000", 5);
        p += 2 - point;
        put_digits(p, digits, count);
        p += count;
    } else if (exponent >= 0) { /* ddd000 */
        put_digits(p, digits, count);
        memset(p + count, '0', (size_t)exponent);
        p += point;
    } else { /* dd.ddd */
        put_digits(p + 1, digits, count);
        memmove(p, p + 1, (size_t)point);
        p[point] = '.';
        p += count + 1;
    }
    return (size_t)(p - out);
}
