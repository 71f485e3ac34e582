/*
 * All goes through doubles, which hold the numbers of every float type and every integer of 53 bits, so that each number is
 * rounded once.
 */
#include "tensor/narrow.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { NARROW_ROOM = 1024, Q8_0_COUNT = 32 };

/* ---- to doubles ---- */

#define NARROW_READ(NAME, TYPE)                                                                              \
    static void doubles_of_##NAME(double *to, const char *from, size_t count)                                \
    {                                                                                                        \
        for (size_t i = 0; i < count; i++) {                                                                 \
            TYPE x;                                                                                          \
            memcpy(&x, from + i * sizeof x, sizeof x);                                                       \
            to[i] = (double)x;                                                                               \
        }                                                                                                    \
    }
NARROW_READ(f64, double)
NARROW_READ(f32, float)
NARROW_READ(i32, int32_t)
NARROW_READ(u32, uint32_t)
NARROW_READ(i64, int64_t)
NARROW_READ(u64, uint64_t)

/* `count` numbers, of whole blocks, at most NARROW_ROOM. */
static void doubles_of(double *to, enum dtype dtype, const char *from, size_t count)
{
    float room[NARROW_ROOM];
    switch (dtype) {
    case DTYPE_F64:
        doubles_of_f64(to, from, count);
        break;
    case DTYPE_F32:
        doubles_of_f32(to, from, count);
        break;
    case DTYPE_I32:
        doubles_of_i32(to, from, count);
        break;
    case DTYPE_U32:
        doubles_of_u32(to, from, count);
        break;
    case DTYPE_I64:
        doubles_of_i64(to, from, count);
        break;
    case DTYPE_U64:
        doubles_of_u64(to, from, count);
        break;
    default: /* float32 holds all numbers of the others */
        dtype_kind(dtype)->widen(room, from, count / dtype_kind(dtype)->count);
        doubles_of_f32(to, (const char *)room, count);
    }
}

/* ---- from doubles ---- */

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double power_of_two(int exponent)
{
    const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/*
 * The bits of a float of 16 bits, `digits` of which stand behind its exponent, whose bias is `bias`. The number is counted in
 * steps of the last digit, and so rounded by an addition that leaves no room for more; as the exponent follows the digits, a
 * carry from these makes the next exponent, and from the largest the infinity.
 */
static uint16_t narrow_float(double x, int digits, int bias)
{
    const uint64_t bits = bits_of(x);
    const uint16_t sign = (uint16_t)(bits >> 63 << 15), infinity = (uint16_t)((2 * bias + 1) << digits);
    int exponent = (int)(bits >> 52 & 2047) - 1023;
    if (x != x) { /* the first digits of a NaN, and the one that makes it quiet */
        const uint64_t payload = bits >> (52 - digits) & ((UINT64_C(1) << digits) - 1);
        return (uint16_t)(sign | infinity | payload | UINT64_C(1) << (digits - 1));
    }
    if (exponent > bias)
        return sign | infinity;
    const bool is_small = exponent < 1 - bias;
    exponent = is_small ? 1 - bias : exponent;
    const double steps = fabs(x) * power_of_two(digits - exponent) + 0x1p52; /* rounded to whole steps here */
    const uint64_t whole = bits_of(steps) & ((UINT64_C(1) << 52) - 1);
    return (uint16_t)(sign | (((uint64_t)(exponent + bias - 1) << digits) + whole));
}

static void narrow_to_f16(char *to, const double *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint16_t half = narrow_float(from[i], 10, 15);
        memcpy(to + i * sizeof half, &half, sizeof half);
    }
}

static void narrow_to_bf16(char *to, const double *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint16_t half = narrow_float(from[i], 7, 127);
        memcpy(to + i * sizeof half, &half, sizeof half);
    }
}

static void narrow_to_f32(char *to, const double *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = (float)from[i];
        memcpy(to + i * sizeof x, &x, sizeof x);
    }
}

static void narrow_to_f64(char *to, const double *from, size_t count)
{
    memcpy(to, from, count * sizeof *from);
}

/* A block: the scale as half precision, and 32 levels. As the reference has it, in float32 all the way. */
static void narrow_to_q8_0(char *to, const double *from, size_t count)
{
    for (size_t b = 0; b < count; b += Q8_0_COUNT, from += Q8_0_COUNT, to += 2 + Q8_0_COUNT) {
        float most = 0;
        for (size_t i = 0; i < Q8_0_COUNT; i++)
            most = fmaxf(most, fabsf((float)from[i]));
        const float scale = most / 127, inverse = scale != 0 ? 1 / scale : 0;
        const uint16_t half = narrow_float((double)scale, 10, 15);
        memcpy(to, &half, sizeof half);
        for (size_t i = 0; i < Q8_0_COUNT; i++) {
            const float level = roundf((float)from[i] * inverse);
            to[2 + i] = (char)(int8_t)(level >= -127 && level <= 127 ? level : 0); /* NaN has no level */
        }
    }
}

static void (*const narrow_to[DTYPE_COUNT])(char *to, const double *from, size_t count) = {
    [DTYPE_F16] = narrow_to_f16, [DTYPE_BF16] = narrow_to_bf16, [DTYPE_F32] = narrow_to_f32,
    [DTYPE_F64] = narrow_to_f64, [DTYPE_Q8_0] = narrow_to_q8_0,
};

bool narrow_can(enum dtype to)
{
    return narrow_to[to] != NULL;
}

/* ---- losses ---- */

/* The numbers of an integer type, as far as it can hold others than float32. */
static bool is_whole(enum dtype dtype)
{
    return dtype >= DTYPE_BOOL && dtype <= DTYPE_U64;
}

/* Numbers in blocks of Q8_0 whose scale has so few digits left, below 2⁻¹⁷ as half precision, that it errs more than the numbers
 * do: by more than half a step of 127. */
static size_t count_small(const char *narrowed, const double *before, size_t count)
{
    enum { SCALE_LEAST = 128 }; /* 2⁻¹⁷ in steps of the smallest half, 2⁻²⁴ */
    size_t small = 0;
    for (size_t b = 0; b < count; b += Q8_0_COUNT, narrowed += 2 + Q8_0_COUNT) {
        uint16_t scale;
        memcpy(&scale, narrowed, sizeof scale);
        for (size_t i = b; scale < SCALE_LEAST && i < b + Q8_0_COUNT; i++)
            small += before[i] != 0;
    }
    return small;
}

/* Counts what `count` numbers lost, by what has become of them. */
static void count_losses(struct narrow_losses *losses, enum dtype to, const char *narrowed, enum dtype from,
                         const char *numbers, const double *before, size_t count)
{
    const struct dtype_kind *kind = dtype_kind(to);
    double after[NARROW_ROOM];
    doubles_of(after, to, narrowed, count);
    if (to == DTYPE_Q8_0)
        losses->small += count_small(narrowed, before, count);
    for (size_t i = 0; i < count; i++) {
        const bool was_finite = isfinite(before[i]);
        losses->infinite += was_finite && !isfinite(after[i]);
        bool differs = is_whole(from) && isfinite(after[i]) && after[i] != before[i];
        /* A double may have been rounded before: only 64 bits can be. */
        if (!differs && from == DTYPE_I64) {
            int64_t x;
            memcpy(&x, numbers + i * sizeof x, sizeof x);
            differs = (long double)x != (long double)before[i];
        } else if (!differs && from == DTYPE_U64) {
            uint64_t x;
            memcpy(&x, numbers + i * sizeof x, sizeof x);
            differs = (long double)x != (long double)before[i];
        }
        losses->inexact += differs && kind->count == 1;
    }
}

void narrow_numbers(enum dtype to, void *out, enum dtype from, const void *numbers, size_t count,
                    struct narrow_losses *losses)
{
    const struct dtype_kind *source = dtype_kind(from), *target = dtype_kind(to);
    double room[NARROW_ROOM];
    char *put = out;
    const char *get = numbers;
    for (size_t done = 0; done < count; done += NARROW_ROOM) {
        const size_t part = count - done < NARROW_ROOM ? count - done : NARROW_ROOM;
        doubles_of(room, from, get, part);
        narrow_to[to](put, room, part);
        count_losses(losses, to, put, from, get, room, part);
        get += part / source->count * source->bytes;
        put += part / target->count * target->bytes;
    }
}
