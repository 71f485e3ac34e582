/*
 * Makes a double that is off by at most a few units in its last place and turns it into a float where such an error cannot
 * matter; the rare rest goes to strtof. Not for double precision, and not for integers (base/text.h).
 */
#include "base/number_read.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
static atomic_bool infinity_by_name;

static void note_overflow(const char *text)
{
    const char *first = atomic_load(&overflow);
    while ((!first || text < first) && !atomic_compare_exchange_weak(&overflow, &first, text))
        ;
}

void number_note_infinity(void)
{
    atomic_store(&infinity_by_name, true);
}

const char *number_take_overflow(bool *named)
{
    const bool was_named = atomic_exchange(&infinity_by_name, false);
    if (named)
        *named = was_named;
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
            if (isinf(words[i].value))
                number_note_infinity();
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
