/* The types of numbers: names, sizes, the float32 of their smallest, largest and odd values, and all lengths of blocks,
 * unaligned, with nothing touched beside them. What quantized numbers are is judged in tests/numpy. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/dtype.h"

#define WIDENS(TYPE, DTYPE, FROM, TO)                                                                        \
    do {                                                                                                     \
        const TYPE number = FROM;                                                                            \
        char bytes[sizeof number + 1];                                                                       \
        float got = -77;                                                                                     \
        memcpy(bytes + 1, &number, sizeof number);                                                           \
        assert_int_equal(dtype_kind(DTYPE)->bytes, sizeof number);                                           \
        dtype_kind(DTYPE)->widen(&got, bytes + 1, 1);                                                        \
        const float want = TO;                                                                               \
        assert_memory_equal(&got, &want, sizeof got);                                                        \
    } while (0)

static void widens_integers(void **state)
{
    (void)state;
    WIDENS(uint8_t, DTYPE_BOOL, 0, 0.0F);
    WIDENS(uint8_t, DTYPE_BOOL, 1, 1.0F);
    WIDENS(uint8_t, DTYPE_BOOL, 255, 1.0F);
    WIDENS(int8_t, DTYPE_I8, -128, -128.0F);
    WIDENS(uint8_t, DTYPE_U8, 255, 255.0F);
    WIDENS(int16_t, DTYPE_I16, INT16_MIN, -32768.0F);
    WIDENS(uint16_t, DTYPE_U16, UINT16_MAX, 65535.0F);
    WIDENS(int32_t, DTYPE_I32, INT32_MIN, -2147483648.0F);
    WIDENS(int32_t, DTYPE_I32, 16777217, 16777216.0F); /* a tie, to the even one */
    WIDENS(int32_t, DTYPE_I32, 16777219, 16777220.0F);
    WIDENS(uint32_t, DTYPE_U32, UINT32_MAX, 4294967296.0F);
    WIDENS(int64_t, DTYPE_I64, INT64_MIN, -9223372036854775808.0F);
    WIDENS(int64_t, DTYPE_I64, (INT64_C(1) << 60) + 1, 0x1p60F);
    /* Above the tie by less than a double holds: to round twice would give 2^60. */
    WIDENS(int64_t, DTYPE_I64, (INT64_C(1) << 60) + (INT64_C(1) << 36) + 1, 0x1.000002p60F);
    WIDENS(uint64_t, DTYPE_U64, UINT64_MAX, 18446744073709551616.0F);
}

static void widens_halves(void **state)
{
    (void)state;
    WIDENS(uint16_t, DTYPE_F16, 0x3c00, 1.0F);
    WIDENS(uint16_t, DTYPE_F16, 0xc580, -5.5F);
    WIDENS(uint16_t, DTYPE_F16, 0x7bff, 65504.0F);
    WIDENS(uint16_t, DTYPE_F16, 0x0400, 0x1p-14F);
    WIDENS(uint16_t, DTYPE_F16, 0x03ff, 0x1.ff8p-15F);
    WIDENS(uint16_t, DTYPE_F16, 0x8001, -0x1p-24F);
    WIDENS(uint16_t, DTYPE_F16, 0x8000, -0.0F);
    WIDENS(uint16_t, DTYPE_F16, 0x7c00, INFINITY);
    WIDENS(uint16_t, DTYPE_F16, 0xfc00, -INFINITY);
    WIDENS(uint16_t, DTYPE_BF16, 0x3f80, 1.0F);
    WIDENS(uint16_t, DTYPE_BF16, 0x8000, -0.0F);
    WIDENS(uint16_t, DTYPE_BF16, 0x7f7f, 0x1.fep127F);
    WIDENS(uint16_t, DTYPE_BF16, 0x0001, 0x1p-133F);
    WIDENS(uint16_t, DTYPE_BF16, 0xff80, -INFINITY);
    const uint16_t nan[] = {0x7e01, 0xfc01, 0x7fc0};
    float got[3];
    dtype_kind(DTYPE_F16)->widen(got, nan, 2);
    dtype_kind(DTYPE_BF16)->widen(got + 2, nan + 2, 1);
    assert_true(isnan(got[0]) && isnan(got[1]) && isnan(got[2]));
}

/* Every half is sign · digits · a power of two. */
static void widens_every_half(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        const uint16_t half = (uint16_t)bits;
        const int exponent = half >> 10 & 31, digits = half & 1023;
        float got;
        dtype_kind(DTYPE_F16)->widen(&got, &half, 1);
        assert_int_equal(signbit(got) != 0, half >> 15);
        if (exponent == 31) {
            assert_true(digits ? isnan(got) : isinf(got));
            continue;
        }
        const double size = exponent ? ldexp(1024 + digits, exponent - 25) : ldexp(digits, -24);
        assert_true((double)got == (half & 0x8000 ? -size : size));
    }
}

/* Every float of 8 bits is sign · digits · a power of two. */
static void widens_every_float8(void **state)
{
    (void)state;
    static const struct {
        enum dtype dtype;
        int digits, bias, infinity; /* the code of the infinity; those above it are no numbers */
    } kinds[] = {{DTYPE_F8_E4M3, 3, 7, 0x7f}, {DTYPE_F8_E5M2, 2, 15, 0x7c}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        uint8_t codes[256];
        float got[256];
        for (int code = 0; code < 256; code++)
            codes[code] = (uint8_t)code;
        dtype_kind(kinds[k].dtype)->widen(got, codes, 256);
        for (int code = 0; code < 256; code++) {
            const int rest = code & 127, exponent = rest >> kinds[k].digits;
            const int ones = 1 << kinds[k].digits, fraction = rest & (ones - 1);
            const double size = exponent ? ldexp(ones + fraction, exponent - kinds[k].bias - kinds[k].digits)
                                         : ldexp(fraction, 1 - kinds[k].bias - kinds[k].digits);
            if (kinds[k].dtype == DTYPE_F8_E5M2 && rest == kinds[k].infinity)
                assert_true(isinf(got[code]) && !signbit(got[code]) == (code < 128));
            else if (rest >= kinds[k].infinity)
                assert_true(isnan(got[code]));
            else
                assert_true((double)got[code] == (code < 128 ? size : -size) &&
                            !signbit(got[code]) == (code < 128));
        }
    }
    assert_true(dtype_kind(DTYPE_F8_E4M3)->bytes == 1 && dtype_kind(DTYPE_F8_E5M2)->bytes == 1);
}

static void widens_floats(void **state)
{
    (void)state;
    WIDENS(float, DTYPE_F32, -0.0F, -0.0F);
    WIDENS(float, DTYPE_F32, 0x1p-149F, 0x1p-149F);
    WIDENS(double, DTYPE_F64, 0.1, 0.1F);
    WIDENS(double, DTYPE_F64, 1 + 0x1p-24, 1.0F);
    WIDENS(double, DTYPE_F64, 1 + 0x1.8p-23, 1 + 0x1p-22F);
    WIDENS(double, DTYPE_F64, 1e300, INFINITY);
    WIDENS(double, DTYPE_F64, -1e300, -INFINITY);
    WIDENS(double, DTYPE_F64, 1e-300, 0.0F);
    WIDENS(double, DTYPE_F64, 0x1p-149, 0x1p-149F);
}

enum { BLOCKS = 40, ROOM = BLOCKS * 256 };

static char bytes[BLOCKS * 256 + 1];
static float whole[ROOM], part[ROOM + 1];

static void fill(uint32_t seed)
{
    for (size_t i = 0; i < sizeof bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (char)(seed >> 24);
    }
}

/* Blocks one by one are what they are together, in any number and at any place. */
static void any_number_of_blocks(void **state)
{
    (void)state;
    for (enum dtype dtype = DTYPE_BOOL; dtype < DTYPE_COUNT; dtype++) {
        const struct dtype_kind *kind = dtype_kind(dtype);
        fill(dtype);
        for (size_t i = 0; i < BLOCKS; i++)
            kind->widen(whole + i * kind->count, bytes + 1 + i * kind->bytes, 1);
        for (size_t blocks = 0; blocks <= BLOCKS; blocks++) {
            const size_t count = blocks * kind->count;
            memset(part, 0x5a, sizeof part);
            kind->widen(part, bytes + 1, blocks);
            assert_memory_equal(part, whole, count * sizeof *part);
            for (size_t b = 0; b < sizeof *part; b++)
                assert_int_equal(((const char *)(part + count))[b], 0x5a);
        }
    }
}

static void has_names(void **state)
{
    (void)state;
    for (enum dtype dtype = DTYPE_BOOL; dtype < DTYPE_COUNT; dtype++) {
        const struct dtype_kind *kind = dtype_kind(dtype);
        assert_non_null(kind->name);
        assert_non_null(kind->widen);
        assert_true(kind->count >= 1 && kind->bytes >= 1);
        assert_int_equal(dtype_named(kind->name), dtype);
    }
    assert_null(dtype_kind(DTYPE_UNKNOWN)->widen);
    assert_int_equal(dtype_named("unknown"), DTYPE_UNKNOWN);
    assert_int_equal(dtype_named("F32"), DTYPE_UNKNOWN);
    assert_int_equal(dtype_named("Q4_K"), DTYPE_UNKNOWN);
    assert_int_equal(dtype_named("q4_k"), DTYPE_Q4_K);
    assert_int_equal(dtype_named("mxfp4"), DTYPE_MXFP4);
    assert_int_equal(dtype_named(""), DTYPE_UNKNOWN);
    assert_int_equal(dtype_named("bf16"), DTYPE_BF16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widens_integers),      cmocka_unit_test(widens_halves),
        cmocka_unit_test(widens_every_half),    cmocka_unit_test(widens_floats),
        cmocka_unit_test(any_number_of_blocks), cmocka_unit_test(has_names),
        cmocka_unit_test(widens_every_float8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
