#include "tensor/dtype.h"

#include <stdint.h>
#include <string.h>

/* Loops of one statement a number, which compilers turn into vectors. The numbers need not be aligned. */
#define WIDEN(NAME, TYPE, EXPRESSION)                                                                        \
    static void widen_##NAME(float *restrict to, const void *restrict from, size_t blocks)                   \
    {                                                                                                        \
        for (size_t i = 0; i < blocks; i++) {                                                                \
            TYPE x;                                                                                          \
            memcpy(&x, (const char *)from + i * sizeof x, sizeof x);                                         \
            to[i] = (float)(EXPRESSION);                                                                     \
        }                                                                                                    \
    }

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

WIDEN(bool, uint8_t, x != 0)
WIDEN(i8, int8_t, x)
WIDEN(u8, uint8_t, x)
WIDEN(i16, int16_t, x)
WIDEN(u16, uint16_t, x)
WIDEN(i32, int32_t, x)
WIDEN(u32, uint32_t, x)
WIDEN(i64, int64_t, x)
WIDEN(u64, uint64_t, x)
WIDEN(bf16, uint16_t, float_of((uint32_t)x << 16))
WIDEN(f64, double, x)

static void widen_f32(float *to, const void *from, size_t blocks)
{
    memcpy(to, from, blocks * sizeof *to);
}

/* IEEE 754 half precision: 1, 5 and 10 bits. */
static float half(uint16_t bits)
{
    const uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 31, digits = bits & 1023;
    if (exponent == 31)
        return float_of(sign | UINT32_C(0x7f800000) | digits << 13);
    if (exponent > 0)
        return float_of(sign | (exponent + 112) << 23 | digits << 13);
    const float small = (float)digits * 0x1p-24f;
    return sign ? -small : small;
}

WIDEN(f16, uint16_t, half(x))

static const struct dtype_kind kinds[DTYPE_COUNT] = {
    [DTYPE_UNKNOWN] = {"unknown", 1, 1, NULL}, [DTYPE_BOOL] = {"bool", 1, 1, widen_bool},
    [DTYPE_I8] = {"i8", 1, 1, widen_i8},       [DTYPE_U8] = {"u8", 1, 1, widen_u8},
    [DTYPE_I16] = {"i16", 1, 2, widen_i16},    [DTYPE_U16] = {"u16", 1, 2, widen_u16},
    [DTYPE_I32] = {"i32", 1, 4, widen_i32},    [DTYPE_U32] = {"u32", 1, 4, widen_u32},
    [DTYPE_I64] = {"i64", 1, 8, widen_i64},    [DTYPE_U64] = {"u64", 1, 8, widen_u64},
    [DTYPE_F16] = {"f16", 1, 2, widen_f16},    [DTYPE_BF16] = {"bf16", 1, 2, widen_bf16},
    [DTYPE_F32] = {"f32", 1, 4, widen_f32},    [DTYPE_F64] = {"f64", 1, 8, widen_f64},
};

const struct dtype_kind *dtype_kind(enum dtype dtype)
{
    return &kinds[dtype];
}

enum dtype dtype_named(const char *name)
{
    for (enum dtype dtype = DTYPE_BOOL; dtype < DTYPE_COUNT; dtype++)
        if (strcmp(kinds[dtype].name, name) == 0)
            return dtype;
    return DTYPE_UNKNOWN;
}
