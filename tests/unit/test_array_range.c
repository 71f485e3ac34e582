/* The smallest and largest numbers of arrays, copies of parts, and whether memory is filled without gaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/workers.h"
#include "tensor/array_range.h"

/* A packed array of one axis over `data`. */
static struct array list_of(enum dtype dtype, const void *data, size_t count)
{
    struct array array = {.name = (char[]){""}, .dtype = dtype, .rank = 1, .shape = {count}, .data = data};
    assert_true(array_pack(&array));
    return array;
}

static struct array_range range_of(const struct array *array)
{
    struct array_range range;
    struct error error = {0};
    assert_true(array_range(&range, array, NULL, &error));
    return range;
}

static void expect(enum dtype dtype, const void *data, size_t count, long double min, long double max,
                   size_t nonfinite)
{
    const struct array array = list_of(dtype, data, count);
    const struct array_range range = range_of(&array);
    assert_true(range.is_known);
    assert_true(range.min == min);
    assert_true(range.max == max);
    assert_int_equal(range.nonfinite, nonfinite);
}

static void measures_every_type(void **state)
{
    (void)state;
    expect(DTYPE_BOOL, (const uint8_t[]){0, 7, 0}, 3, 0, 1, 0);
    expect(DTYPE_I8, (const int8_t[]){-128, 127, 0}, 3, -128, 127, 0);
    expect(DTYPE_U8, (const uint8_t[]){200, 3, 255}, 3, 3, 255, 0);
    expect(DTYPE_I16, (const int16_t[]){-5, -32768}, 2, -32768, -5, 0);
    expect(DTYPE_U16, (const uint16_t[]){40000, 2}, 2, 2, 40000, 0);
    expect(DTYPE_I32, (const int32_t[]){INT32_MIN, INT32_MAX}, 2, INT32_MIN, INT32_MAX, 0);
    expect(DTYPE_U32, (const uint32_t[]){4000000000u, 1}, 2, 1, 4000000000.0L, 0);
    /* Neither a float nor a double holds these. */
    expect(DTYPE_I64, (const int64_t[]){INT64_MIN, INT64_MAX}, 2, (long double)INT64_MIN,
           (long double)INT64_MAX, 0);
    expect(DTYPE_U64, (const uint64_t[]){UINT64_MAX, UINT64_MAX - 1}, 2, (long double)(UINT64_MAX - 1),
           (long double)UINT64_MAX, 0);
    expect(DTYPE_F8_E4M3, (const uint8_t[]){0x7e, 0x7f, 0xff, 0x80, 0xc0}, 5, -2, 448, 2);
    expect(DTYPE_F8_E5M2, (const uint8_t[]){0x7b, 0x7c, 0xfd, 0xc0, 0x01}, 5, -2, 57344, 2);
    expect(DTYPE_F16, (const uint16_t[]){0xc000, 0x3c00, 0x7c00, 0xfe01, 0x8001}, 5, -2, 1, 2);
    expect(DTYPE_BF16, (const uint16_t[]){0xc000, 0x3f80, 0xff80, 0x7fc0}, 4, -2, 1, 2);
    expect(DTYPE_F32, (const float[]){-1e-45f, 3e38f, NAN, -INFINITY}, 4, (long double)-1e-45f,
           (long double)3e38f, 2);
    expect(DTYPE_F64, (const double[]){-1e300, 5e-324, INFINITY, -NAN}, 4, (long double)-1e300,
           (long double)5e-324, 2);
}

static void a_zero_has_no_sign(void **state)
{
    (void)state;
    const float zeros[] = {-0.0f, -0.0f};
    const struct array array = list_of(DTYPE_F32, zeros, 2);
    const struct array_range range = range_of(&array);
    assert_false(signbit(range.min));
    assert_false(signbit(range.max));
}

static void numbers_that_are_none_have_no_range(void **state)
{
    (void)state;
    float data[600];
    for (size_t i = 0; i < 600; i++)
        data[i] = i % 3 == 0 ? NAN : INFINITY;
    struct array array = list_of(DTYPE_F32, data, 600);
    struct array_range range = range_of(&array);
    assert_false(range.is_known);
    assert_int_equal(range.nonfinite, 600);
    array = list_of(DTYPE_F32, data, 0);
    range = range_of(&array);
    assert_false(range.is_known);
    assert_int_equal(range.nonfinite, 0);
}

/* The extremes stand at every place of a run and its rest in turn, and NaN beside them; also where nothing is aligned. */
static void finds_them_wherever_they_stand(void **state)
{
    (void)state;
    enum { COUNT = 256 + 37 };
    static char bytes[COUNT * sizeof(float) + 1];
    for (size_t at = 0; at + 2 < COUNT; at++) {
        float data[COUNT];
        for (size_t i = 0; i < COUNT; i++)
            data[i] = (float)(i % 7) - 3;
        data[at] = -100;
        data[at + 1] = NAN;
        data[at + 2] = 200;
        memcpy(bytes + 1, data, sizeof data);
        expect(DTYPE_F32, bytes + 1, COUNT, -100, 200, 1);
    }
}

/* More than one job: the same whatever the number of threads. */
static void many_threads_find_the_same(void **state)
{
    (void)state;
    const size_t count = 3000001;
    float *data = malloc(count * sizeof *data);
    assert_non_null(data);
    for (size_t i = 0; i < count; i++)
        data[i] = (float)(i % 1001) - 500;
    data[count - 1] = 1e9f;
    data[1] = -1e9f;
    data[1500000] = NAN;
    for (int threads = 1; threads <= 4; threads++) {
        workers_limit(threads);
        expect(DTYPE_F32, data, count, -1e9L, 1e9L, 1);
    }
    workers_limit(1);
    free(data);
}

static void other_orders_and_parts(void **state)
{
    (void)state;
    const float data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    float copy[12];
    struct array array = {.name = (char[]){""},
                          .dtype = DTYPE_F32,
                          .rank = 2,
                          .shape = {3, 4},
                          .stride = {1, 3},
                          .data = (const char *)data};
    assert_true(array_is_dense(&array)); /* columns last */
    assert_false(array_is_packed(&array));
    array_copy(&array, (char *)copy);
    const float turned[] = {1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12};
    assert_memory_equal(copy, turned, sizeof turned);

    array = (struct array){
        .name = (char[]){""}, .dtype = DTYPE_F32, .rank = 1, .shape = {12}, .data = (const char *)data};
    assert_true(array_pack(&array));
    struct error error = {0};
    assert_true(array_cut(&array, "8:1:-3", &error));
    assert_false(array_is_dense(&array));
    array_copy(&array, (char *)copy);
    const float part[] = {9, 6, 3};
    assert_memory_equal(copy, part, sizeof part);
    const struct array_range range = range_of(&array);
    assert_true(range.min == 3 && range.max == 9);
}

static void the_other_byte_order(void **state)
{
    (void)state;
    const unsigned char bytes[] = {0xff, 0xfe, 0x01, 0x00}; /* -2 and 256, the large end first */
    struct array array = list_of(DTYPE_I16, bytes, 2);
    array.swapped = true;
    const struct array_range range = range_of(&array);
    assert_true(range.min == -2 && range.max == 256);
    int16_t copy[2];
    array_copy(&array, (char *)copy);
    assert_int_equal(copy[0], -2);
    assert_int_equal(copy[1], 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_every_type),
        cmocka_unit_test(a_zero_has_no_sign),
        cmocka_unit_test(numbers_that_are_none_have_no_range),
        cmocka_unit_test(finds_them_wherever_they_stand),
        cmocka_unit_test(many_threads_find_the_same),
        cmocka_unit_test(other_orders_and_parts),
        cmocka_unit_test(the_other_byte_order),
    };
    return cmocka_run_group_tests_name("array_range", tests, NULL, NULL);
}
