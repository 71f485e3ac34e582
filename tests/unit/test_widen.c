/* Numbers of all types as float32: all lengths, unaligned, and nothing touched beside them. Values are judged in tests/numpy. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/dtype.h"

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

/* IEEE 754: 1, 5 and 10 bits. */
static void every_half(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        const uint16_t half = (uint16_t)bits;
        const int exponent = half >> 10 & 31, digits = half & 1023;
        float got;
        dtype_kind(DTYPE_F16)->widen(&got, &half, 1);
        double want = exponent == 0 ? ldexp(digits, -24) : ldexp(1024 + digits, exponent - 25);
        if (exponent == 31)
            want = (double)(digits ? NAN : INFINITY);
        if (isnan(want))
            assert_true(isnan(got));
        else
            assert_true((double)got == (half & 0x8000 ? -want : want));
        assert_int_equal(signbit(got) != 0, half >> 15);
    }
}

static void names(void **state)
{
    (void)state;
    for (enum dtype dtype = DTYPE_BOOL; dtype < DTYPE_COUNT; dtype++)
        assert_int_equal(dtype_named(dtype_kind(dtype)->name), dtype);
    assert_int_equal(dtype_named("q4_k"), DTYPE_Q4_K);
    assert_int_equal(dtype_named("mxfp4"), DTYPE_MXFP4);
    assert_int_equal(dtype_named("Q4_K"), DTYPE_UNKNOWN);
    assert_int_equal(dtype_named("unknown"), DTYPE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_blocks),
        cmocka_unit_test(every_half),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests_name("widen", tests, NULL, NULL);
}
