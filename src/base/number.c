/*
 * Decimal text to float32 and back. Reading makes a double that is off by at most a few units in its last
 * place and turns it into a float where such an error cannot matter; the rare rest goes to strtof. Writing is
 * Schubfach. Not for double precision, and not for integers (base/text.h).
 */
#include "base/number.h"

#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

/* A decimal number: (-1)^negative * digits * 10^exponent, or a little more where digits were cut. */
struct decimal {
    uint64_t digits;
    int64_t exponent;
    bool negative;
};

/* The text of a number, split up. */
struct number_parts {
    const char *whole, *whole_end, *fraction, *fraction_end; /* the digits before and behind the point */
    int64_t exponent;                                        /* as written, kept within +-EXPONENT_MAX */
};

#define EXPONENT_MAX INT64_C(100000000000000000)
#define DIGITS_MAX 19 /* as many as always fit a uint64_t */

#define TENS(sign, t)                                                                                        \
    1e##sign##t##0, 1e##sign##t##1, 1e##sign##t##2, 1e##sign##t##3, 1e##sign##t##4, 1e##sign##t##5,          \
        1e##sign##t##6, 1e##sign##t##7, 1e##sign##t##8, 1e##sign##t##9
/* Powers of ten as the nearest doubles. A uint64_t of up to 19 digits and these reach all normal floats. */
static const double ten_to[] = {TENS(+, 0), TENS(+, 1), TENS(+, 2), TENS(+, 3)};
static const double ten_to_minus[] = {TENS(-, 0), TENS(-, 1), TENS(-, 2), TENS(-, 3), TENS(-, 4), TENS(-, 5)};
#define TEN_MAX ((int64_t)(sizeof ten_to / sizeof *ten_to) - 1)
#define TEN_MIN (1 - (int64_t)(sizeof ten_to_minus / sizeof *ten_to_minus))

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Adds the digits from p on to *digits (modulo 2^64), one by one, and returns where they end. */
static inline const char *read_each_digit(const char *p, const char *end, uint64_t *digits)
{
    for (; p < end && is_digit(*p); p++)
        *digits = *digits * 10 + (uint64_t)(*p - '0');
    return p;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* The number that eight digits make, given as bytes 0 to 9, the first the lowest: neighbours join, 8 digits
 * to 4 pairs, to 2 fours, to one. */
static inline uint64_t join_digits(uint64_t bytes)
{
    bytes = bytes * 10 + (bytes >> 8);
    uint64_t mask = UINT64_C(0x000000ff000000ff);
    uint64_t outer = (bytes & mask) * (100 + (UINT64_C(1000000) << 32));
    uint64_t inner = ((bytes >> 16) & mask) * (1 + (UINT64_C(10000) << 32));
    return (outer + inner) >> 32;
}

/* The same, eight bytes at a time. A digit has the high nibble 3, also after 6 is added. */
static inline const char *read_digits(const char *p, const char *end, uint64_t *digits)
{
    static const uint32_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0), threes = UINT64_C(0x3030303030303030);
    while (end - p >= 8) {
        uint64_t chunk;
        memcpy(&chunk, p, sizeof chunk);
        uint64_t others =
            ((chunk & high) ^ threes) | (((chunk + UINT64_C(0x0606060606060606)) & high) ^ threes);
        if (others) {
            int count = __builtin_ctzll(others) / 8;
            if (count == 0)
                return p;
            /* What stands behind the digits is shifted out, and zeros in before them. */
            *digits = *digits * tens[count] + join_digits((chunk - threes) << (64 - 8 * count));
            return p + count;
        }
        *digits = *digits * 100000000 + join_digits(chunk - threes);
        p += 8;
    }
    return read_each_digit(p, end, digits);
}
#else
static inline const char *read_digits(const char *p, const char *end, uint64_t *digits)
{
    return read_each_digit(p, end, digits);
}
#endif

/* The first DIGITS_MAX digits from the first that is not 0, and the power of ten that belongs to the last of
 * them. */
static void cut_digits(const struct number_parts *parts, struct decimal *number)
{
    size_t count = 0;
    number->digits = 0;
    number->exponent = parts->exponent;
    for (const char *p = parts->whole; p < parts->whole_end; p++) {
        if (count == DIGITS_MAX) {
            number->exponent++;
        } else if (count || *p != '0') {
            number->digits = number->digits * 10 + (uint64_t)(*p - '0');
            count++;
        }
    }
    for (const char *p = parts->fraction; p < parts->fraction_end && count < DIGITS_MAX; p++) {
        number->exponent--;
        if (count || *p != '0') {
            number->digits = number->digits * 10 + (uint64_t)(*p - '0');
            count++;
        }
    }
}

/* For number_take_overflow. */
static _Atomic(const char *) overflow;

static void note_overflow(const char *text)
{
    const char *first = atomic_load(&overflow);
    while ((!first || text < first) && !atomic_compare_exchange_weak(&overflow, &first, text))
        ;
}

const char *number_take_overflow(void)
{
    return atomic_exchange(&overflow, NULL);
}

/* Any number, by strtof, which is exact: its digits are handed over as an integer with an exponent, without a
 * point, so that no locale plays a part. A value halfway between two floats is a multiple of 2^-150 with a
 * factor below 2^25, thus has at most 113 digits; of longer numbers only matters whether anything but 0
 * follows. */
static float read_exactly(const struct number_parts *parts)
{
    enum { KEPT = 120 };
    char text[KEPT + 32];
    size_t size = 0;
    int64_t exponent = parts->exponent;
    bool more = false;

    for (int part = 0; part < 2; part++) {
        const char *p = part ? parts->fraction : parts->whole,
                   *end = part ? parts->fraction_end : parts->whole_end;
        for (; p < end; p++) {
            bool kept = size < KEPT;
            if (kept && (size || *p != '0'))
                text[size++] = *p;
            else if (!kept && *p != '0')
                more = true;
            exponent += !part && !kept;
            exponent -= part && kept;
        }
    }
    if (size == 0)
        return 0;
    if (more) {
        text[size++] = '1';
        exponent--;
    }
    int64_t limited = exponent > 9999 ? 9999 : exponent < -9999 ? -9999 : exponent;
    snprintf(text + size, sizeof text - size, "e%d", (int)limited);
    const float value = strtof(text, NULL);
    if (isinf(value))
        note_overflow(parts->whole);
    return value;
}

/*
 * Rounds to float. digits and the power of ten are each within half a unit of the double's last place, their
 * product within another half, and digits that were cut are worth less than 10^-18 of the whole: together
 * under 2 units. Between normal floats the rounding turns where the 29 low bits of the double are 100…0;
 * farther than 8 from there the true value and the double round alike. A double so near to the ends of the
 * normal range that the true value may lie beyond them is no exception, for there too the turning point is
 * half a float away.
 */
static inline bool round_nearly(const struct decimal *number, float *value)
{
    if (number->exponent < TEN_MIN || number->exponent > TEN_MAX)
        return false;
    double near = (double)number->digits;
    near *= number->exponent < 0 ? ten_to_minus[-number->exponent] : ten_to[number->exponent];
    uint64_t bits;
    memcpy(&bits, &near, sizeof bits);
    uint32_t low = bits & 0x1fffffff;
    if (near < 0x1p-126 || near > 0x1.fffffep127 || low - ((UINT32_C(1) << 28) - 8) <= 16)
        return false;
    *value = (float)near;
    return true;
}

/* Behind the digits: e, a sign, digits. NULL where the exponent breaks off. */
static const char *read_exponent(const char *p, const char *end, int64_t *exponent)
{
    bool negative = false;
    p++;
    if (p < end && (*p == '+' || *p == '-'))
        negative = *p++ == '-';
    if (p == end || !is_digit(*p))
        return NULL;
    int64_t written = 0;
    for (; p < end && is_digit(*p); p++) {
        if (written < EXPONENT_MAX / 10)
            written = written * 10 + (*p - '0');
        else
            written = EXPONENT_MAX;
    }
    *exponent = negative ? -written : written;
    return p;
}

/* nan, inf or infinity in any case. */
static const char *read_word(const char *p, const char *end, bool negative, float *value)
{
    static const struct {
        const char *word;
        size_t length;
        float value;
    } words[] = {{"infinity", 8, INFINITY}, {"inf", 3, INFINITY}, {"nan", 3, NAN}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t same = 0;
        while (same < words[i].length && p + same < end && (p[same] | 0x20) == words[i].word[same])
            same++;
        if (same == words[i].length) {
            *value = negative ? -words[i].value : words[i].value;
            return p + same;
        }
    }
    return NULL;
}

static inline __attribute__((always_inline)) const char *read_number(const char *p, const char *end,
                                                                     float *value, char mark, bool loose)
{
    struct decimal number = {0};
    struct number_parts parts = {0};

    if (p < end && (*p == '-' || (loose && *p == '+')))
        number.negative = *p++ == '-';
    parts.whole = p;
    if (p < end && *p == '0' && !loose) {
        p++;
    } else if (p < end && is_digit(*p)) { /* mostly one digit and the point */
        number.digits = (uint64_t)(*p++ - '0');
        if (p < end && is_digit(*p))
            p = read_digits(p, end, &number.digits);
    }
    parts.whole_end = parts.fraction = parts.fraction_end = p;
    if (!loose && p == parts.whole)
        return NULL;
    if (p < end && *p == mark && (mark == '.' || p > parts.whole)) {
        parts.fraction = p + 1;
        p = parts.fraction_end = read_digits(parts.fraction, end, &number.digits);
        if (!loose && parts.fraction == p)
            return NULL;
    }
    size_t fraction = (size_t)(parts.fraction_end - parts.fraction);
    size_t count = (size_t)(parts.whole_end - parts.whole) + fraction;
    if (loose && count == 0)
        return p == parts.whole ? read_word(p, end, number.negative, value) : NULL;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p = read_exponent(p, end, &parts.exponent);
        if (!p)
            return NULL;
    }
    number.exponent = parts.exponent - (int64_t)fraction;
    if (count > DIGITS_MAX)
        cut_digits(&parts, &number);
    float magnitude = 0;
    if (number.digits != 0 && !round_nearly(&number, &magnitude))
        magnitude = read_exactly(&parts);
    *value = number.negative ? -magnitude : magnitude;
    return p;
}

const char *number_read(const char *text, const char *end, float *value)
{
    return read_number(text, end, value, '.', false);
}

const char *number_read_loose(const char *text, const char *end, char mark, float *value)
{
    return read_number(text, end, value, mark, true);
}

/* ---- writing ---- */

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
