/* Arrays: counts, strides, parts by NumPy's rules, widening of every layout, and bytes taken for another type. */
#include <math.h>

#include "archives.h"
#include "tensor/array.h"

static float counted[24];

/* 0, 1, 2, … as 2×3×4. */
static struct array cube(void)
{
    for (int i = 0; i < 24; i++)
        counted[i] = (float)i;
    return archives_array("w", DTYPE_F32, counted, 3, (const size_t[]){2, 3, 4});
}

/* The part of the cube that an index cuts out has this shape and these numbers. */
static void expect_part(const char *index, int rank, const size_t *shape, const float *numbers)
{
    struct array part = cube();
    struct error error = {0};
    float got[24];
    size_t count;
    if (!array_cut(&part, index, &error))
        fail_msg("%s", error.message);
    assert_int_equal(part.rank, rank);
    for (int a = 0; a < rank; a++)
        assert_int_equal(part.shape[a], shape[a]);
    assert_true(array_count(&part, &count));
    array_widen(&part, got);
    for (size_t i = 0; i < count; i++)
        assert_true(got[i] == numbers[i]);
}

#define SHAPE(...)                                                                                           \
    (const size_t[])                                                                                         \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
#define NUMBERS(...)                                                                                         \
    (const float[])                                                                                          \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

static void cuts_parts(void **state)
{
    (void)state;
    expect_part("1,2,3", 0, NULL, NUMBERS(23));
    expect_part("-1, -3 , -4", 0, NULL, NUMBERS(12));
    expect_part("0,1", 1, SHAPE(4), NUMBERS(4, 5, 6, 7));
    expect_part(":,1,2", 1, SHAPE(2), NUMBERS(6, 18));
    expect_part("...,3", 2, SHAPE(2, 3), NUMBERS(3, 7, 11, 15, 19, 23));
    expect_part("1,...,0", 1, SHAPE(3), NUMBERS(12, 16, 20));
    expect_part("0,0,::-1", 1, SHAPE(4), NUMBERS(3, 2, 1, 0));
    expect_part("0,0,::-2", 1, SHAPE(2), NUMBERS(3, 1));
    expect_part("0,0,-2:0:-1", 1, SHAPE(2), NUMBERS(2, 1));
    expect_part("::-1,2,1:3", 2, SHAPE(2, 2), NUMBERS(21, 22, 9, 10));
    expect_part("0,0,1::2", 1, SHAPE(2), NUMBERS(1, 3));
    expect_part("0,0,1:100", 1, SHAPE(3), NUMBERS(1, 2, 3));
    expect_part("0,0,-100:2", 1, SHAPE(2), NUMBERS(0, 1));
    expect_part("0,0,3:1", 1, SHAPE(0), NULL);
    expect_part("0,0,100:", 1, SHAPE(0), NULL);
    expect_part("0,0,:-100:-1", 1, SHAPE(4), NUMBERS(3, 2, 1, 0));
    expect_part("0,0,1:4:9223372036854775807", 1, SHAPE(1), NUMBERS(1));
    expect_part("::9223372036854775807,1,2", 1, SHAPE(1), NUMBERS(6));
    expect_part("0,0,::-9223372036854775808", 1, SHAPE(1), NUMBERS(3));
    expect_part("0,0,-9223372036854775808:9223372036854775807", 1, SHAPE(4), NUMBERS(0, 1, 2, 3));
    expect_part("0,0,1:99999999999999999999", 1, SHAPE(3), NUMBERS(1, 2, 3));
    expect_part("0,0,-99999999999999999999:2", 1, SHAPE(2), NUMBERS(0, 1));
    expect_part("0,0,::-99999999999999999999", 1, SHAPE(1), NUMBERS(3));
    expect_part("0,0,00000000000000000000000001:2", 1, SHAPE(1), NUMBERS(1));
    expect_part("1,2,0,...", 0, NULL, NUMBERS(20));
    expect_part("1,2,", 1, SHAPE(4), NUMBERS(20, 21, 22, 23));
}

/* Parts of parts: negative strides and gaps. */
static void cuts_again(void **state)
{
    (void)state;
    struct array part = cube();
    struct error error = {0};
    float got[24];
    assert_true(array_cut(&part, "::-1, ::2, ::-1", &error));
    assert_true(array_cut(&part, "0, -1, 1:", &error));
    array_widen(&part, got);
    assert_int_equal(part.shape[0], 3);
    assert_memory_equal(got, NUMBERS(22, 21, 20), 3 * sizeof *got);
    assert_null(array_in_place(&part));
}

static void refuses_indexes(void **state)
{
    (void)state;
    static const struct {
        const char *index, *why;
    } wrong[] = {
        {"2", "the index is out of range on axis 0: expected 0 to 1, or -2 to -1"},
        {"-3", "the index is out of range on axis 0: expected 0 to 1, or -2 to -1"},
        {"0,3", "the index is out of range on axis 1: expected 0 to 2, or -3 to -1"},
        {"0,0,4", "the index is out of range on axis 2: expected 0 to 3, or -4 to -1"},
        {"...,99999999999999999999", "the index is out of range on axis 2: expected 0 to 3, or -4 to -1"},
        {"-99999999999999999999", "the index is out of range on axis 0: expected 0 to 1, or -2 to -1"},
        {"9223372036854775808", "the index is out of range on axis 0: expected 0 to 1, or -2 to -1"},
        {"0,0,0,0", "it has more indexes than the array has axes"},
        {"..., ...", "one ellipsis is the most"},
        {"a", "expected integers, slices as 2:8 or ::-1, and at most one ..."},
        {"0,,1", "expected integers, slices as 2:8 or ::-1, and at most one ..."},
        {",", "expected integers, slices as 2:8 or ::-1, and at most one ..."},
        {"::0", "expected integers, slices as 2:8 or ::-1, and at most one ..."},
        {"1:2:3:4", "expected integers, slices as 2:8 or ::-1, and at most one ..."},
        {"1.5", "expected integers, slices as 2:8 or ::-1, and at most one ..."},
        {"-", "expected integers, slices as 2:8 or ::-1, and at most one ..."},
        {"99999999999999999999x", "expected integers, slices as 2:8 or ::-1, and at most one ..."},
        {"...5", "expected integers, slices as 2:8 or ::-1, and at most one ..."},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct array array = cube();
        struct error error = {0};
        char message[300];
        snprintf(message, sizeof message, "[%s] does not index w, which is 2×3×4: %s", wrong[i].index,
                 wrong[i].why);
        assert_false(array_cut(&array, wrong[i].index, &error));
        assert_string_equal(error.message, message);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_int_equal(array.rank, 3); /* as it was */
        assert_ptr_equal(array.data, counted);
    }
    struct array number = archives_array("", DTYPE_F32, counted, 0, NULL);
    struct error error = {0};
    assert_false(array_cut(&number, "0", &error));
    assert_string_equal(error.message, "[0] does not index the array, which is a number: it has more indexes "
                                       "than the array has axes");
}

/* An array without numbers has no place: its data does not move, however large its axes are. */
static void cuts_nothing(void **state)
{
    (void)state;
    struct error error = {0};
    struct array array = archives_array("e", DTYPE_F64, counted, 3, SHAPE(0, PTRDIFF_MAX, 7));
    assert_true(array_cut(&array, ":, -1, ::-1", &error));
    assert_ptr_equal(array.data, counted);
    assert_int_equal(array.rank, 2);
    assert_int_equal(array.shape[0], 0);
    float untouched = 3;
    array_widen(&array, &untouched);
    assert_true(untouched == 3);
}

static void cuts_quantized(void **state)
{
    (void)state;
    static unsigned char blocks[4 * 34];
    for (int i = 0; i < 4; i++) {
        blocks[34 * i + 1] = 0x3c; /* the scale 1 */
        blocks[34 * i + 2] = (unsigned char)(i + 1);
    }
    struct array rows = {
        .name = "q", .dtype = DTYPE_Q8_0, .rank = 2, .shape = {4, 32}, .data = (const char *)blocks};
    struct error error = {0};
    float got[64];
    assert_true(array_pack(&rows));
    struct array part = rows;
    assert_true(array_cut(&part, "::-2", &error));
    array_widen(&part, got);
    assert_true(got[0] == 4 && got[32] == 2 && got[1] == 0);
    part = rows;
    assert_true(array_cut(&part, "1, :", &error));
    array_widen(&part, got);
    assert_true(got[0] == 2);
    assert_false(array_cut(&rows, "0, :16", &error));
    assert_string_equal(error.message, "[0, :16] does not index q, which is 4×32: the last axis of a "
                                       "quantized array can only be taken whole");
}

static void counts(void **state)
{
    (void)state;
    size_t count;
    struct array array = {.rank = 2, .shape = {(size_t)1 << 40, (size_t)1 << 40}};
    assert_false(array_count(&array, &count));
    assert_false(array_pack(&array));
    array.shape[1] = 0;
    assert_true(array_count(&array, &count));
    assert_int_equal(count, 0);
    array.shape[0] = (size_t)PTRDIFF_MAX + 1;
    assert_false(array_count(&array, &count));
    array = (struct array){.rank = 1, .shape = {PTRDIFF_MAX}};
    assert_true(array_count(&array, &count));
    array = (struct array){.rank = 0};
    assert_true(array_count(&array, &count));
    assert_int_equal(count, 1);
}

/* Strides of columns last, one number, gaps, and lists whose axes of one number have any stride. */
static void knows_layouts(void **state)
{
    (void)state;
    struct array array = cube();
    assert_true(array_is_packed(&array));
    assert_ptr_equal(array_in_place(&array), counted);
    array.stride[0] = 1, array.stride[1] = 2, array.stride[2] = 6;
    assert_false(array_is_packed(&array));
    float got[24];
    array_widen(&array, got);
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 3; j++)
            for (size_t k = 0; k < 4; k++)
                assert_true(got[(i * 3 + j) * 4 + k] == counted[i + 2 * j + 6 * k]);
    array = archives_array("", DTYPE_F32, counted, 3, SHAPE(1, 5, 1));
    array.stride[0] = -77, array.stride[2] = 99;
    assert_true(array_is_packed(&array));
    array.data++;
    assert_null(array_in_place(&array)); /* not aligned */
    array.data--;
    array.swapped = true;
    assert_null(array_in_place(&array));
    array.swapped = false;
    array.dtype = DTYPE_I32;
    assert_null(array_in_place(&array));
}

/* Numbers of the other byte order, packed and with gaps, more than fit the room for them, and not aligned. */
static void widens_swapped(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    static unsigned char bytes[MANY * 8 + 1];
    static float got[MANY];
    for (int i = 0; i < MANY; i++) {
        const double number = i - 1000.25;
        unsigned char as[8];
        memcpy(as, &number, 8);
        for (int b = 0; b < 8; b++)
            bytes[1 + i * 8 + b] = as[7 - b];
    }
    struct array array = archives_array("", DTYPE_F64, bytes + 1, 1, SHAPE(MANY));
    struct error error = {0};
    array.swapped = true;
    array_widen(&array, got);
    for (int i = 0; i < MANY; i++)
        assert_true(got[i] == (float)(i - 1000.25));
    assert_true(array_cut(&array, "-1::-3", &error));
    array_widen(&array, got);
    for (int i = 0; i < MANY / 3; i++)
        assert_true(got[i] == (float)(MANY - 1 - 3 * i - 1000.25));
    const unsigned char number[] = {0x40, 0x20}; /* 2.5 as bfloat16, the large end first */
    array = archives_array("", DTYPE_BF16, number, 0, NULL);
    array.swapped = true;
    array_widen(&array, got);
    assert_true(got[0] == 2.5F);
}

static void reads_as_another_type(void **state)
{
    (void)state;
    const uint16_t numbers[] = {0x3f80, 0xc000};
    struct array array = archives_array("v", DTYPE_UNKNOWN, numbers, 1, SHAPE(2));
    array.type = "|V2";
    array.bytes = sizeof numbers;
    assert_false(array_read_as(&array, DTYPE_F32));
    assert_false(array_read_as(&array, DTYPE_U8));
    assert_false(array_read_as(&array, DTYPE_UNKNOWN));
    assert_false(array_read_as(&array, DTYPE_Q8_0));
    array.bytes = 68; /* two blocks, and not two numbers */
    assert_false(array_read_as(&array, DTYPE_Q8_0));
    array.bytes = sizeof numbers;
    assert_int_equal(array.dtype, DTYPE_UNKNOWN);
    assert_true(array_read_as(&array, DTYPE_BF16));
    float got[2];
    array_widen(&array, got);
    assert_true(got[0] == 1 && got[1] == -2);
    assert_true(array_read_as(&array, DTYPE_F16));
    assert_int_equal(array.dtype, DTYPE_F16);
}

static void says_shapes(void **state)
{
    (void)state;
    char out[ARRAY_SHAPE_TEXT];
    struct array array = {.rank = 0};
    assert_string_equal(array_shape(&array, out), "a number");
    array = (struct array){.rank = 1, .shape = {1}};
    assert_string_equal(array_shape(&array, out), "1 number");
    array.shape[0] = 5;
    assert_string_equal(array_shape(&array, out), "5 numbers");
    array = (struct array){.rank = ARRAY_RANK_MAX};
    for (int a = 0; a < ARRAY_RANK_MAX; a++)
        array.shape[a] = SIZE_MAX;
    assert_int_equal(strlen(array_shape(&array, out)), ARRAY_RANK_MAX * 20 + (ARRAY_RANK_MAX - 1) * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_parts),
        cmocka_unit_test(cuts_again),
        cmocka_unit_test(refuses_indexes),
        cmocka_unit_test(cuts_nothing),
        cmocka_unit_test(cuts_quantized),
        cmocka_unit_test(counts),
        cmocka_unit_test(knows_layouts),
        cmocka_unit_test(widens_swapped),
        cmocka_unit_test(reads_as_another_type),
        cmocka_unit_test(says_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
