#include "tensor/dtype.h"

#include <stdint.h>
#include <string.h>

#include "tensor/dtype_quantized.h"
#include "tensor/half.h"

/*
 * One expression a number, which compilers turn into vectors. The numbers need not be aligned. GCC at -O2 makes
 * vectors only of loops with a known number of turns that fills them: hence the inner loop.
 */
#define WIDEN(NAME, TYPE, EXPRESSION)                                                                        \
    static inline float number_##NAME(const char *from)                                                      \
    {                                                                                                        \
        TYPE x;                                                                                              \
        memcpy(&x, from, sizeof x);                                                                          \
        return (float)(EXPRESSION);                                                                          \
    }                                                                                                        \
    static void widen_##NAME(float *restrict to, const void *restrict from, size_t blocks)                   \
    {                                                                                                        \
        const char *at = from;                                                                               \
        for (; blocks >= 16; blocks -= 16, to += 16, at += 16 * sizeof(TYPE))                                \
            for (size_t i = 0; i < 16; i++)                                                                  \
                to[i] = number_##NAME(at + i * sizeof(TYPE));                                                \
        for (size_t i = 0; i < blocks; i++)                                                                  \
            to[i] = number_##NAME(at + i * sizeof(TYPE));                                                    \
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
WIDEN(f8_e4m3, uint8_t, half_of_e4m3(x))
WIDEN(f8_e5m2, uint8_t, half_of_e5m2(x))
WIDEN(f16, uint16_t, half_to_float(x))
WIDEN(bf16, uint16_t, half_float_of((uint32_t)x << 16))
WIDEN(f64, double, x)

static void widen_f32(float *to, const void *from, size_t blocks)
{
    memcpy(to, from, blocks * sizeof *to);
}

/* Those before the quantized ones. */
static const struct dtype_kind kinds[DTYPE_Q4_0] = {
    [DTYPE_UNKNOWN] = {"unknown", 1, 1, NULL},
    [DTYPE_BOOL] = {"bool", 1, 1, widen_bool},
    [DTYPE_I8] = {"i8", 1, 1, widen_i8},
    [DTYPE_U8] = {"u8", 1, 1, widen_u8},
    [DTYPE_I16] = {"i16", 1, 2, widen_i16},
    [DTYPE_U16] = {"u16", 1, 2, widen_u16},
    [DTYPE_I32] = {"i32", 1, 4, widen_i32},
    [DTYPE_U32] = {"u32", 1, 4, widen_u32},
    [DTYPE_I64] = {"i64", 1, 8, widen_i64},
    [DTYPE_U64] = {"u64", 1, 8, widen_u64},
    [DTYPE_F8_E4M3] = {"f8_e4m3", 1, 1, widen_f8_e4m3},
    [DTYPE_F8_E5M2] = {"f8_e5m2", 1, 1, widen_f8_e5m2},
    [DTYPE_F16] = {"f16", 1, 2, widen_f16},
    [DTYPE_BF16] = {"bf16", 1, 2, widen_bf16},
    [DTYPE_F32] = {"f32", 1, 4, widen_f32},
    [DTYPE_F64] = {"f64", 1, 8, widen_f64},
};

const struct dtype_kind *dtype_kind(enum dtype dtype)
{
    return dtype < DTYPE_Q4_0 ? &kinds[dtype] : &quantized_kinds[dtype - DTYPE_Q4_0];
}

enum dtype dtype_named(const char *name)
{
    for (enum dtype dtype = DTYPE_BOOL; dtype < DTYPE_COUNT; dtype++)
        if (strcmp(dtype_kind(dtype)->name, name) == 0)
            return dtype;
    return DTYPE_UNKNOWN;
}
