/* What given weights say of how they were made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <math.h>

#include "attention/weights_check.h"

/* Checks `count` matrices of n×m, which follow each other. */
static struct weights_check check_of(const float *data, size_t count, size_t heads, size_t n, size_t m)
{
    struct weights_check check;
    struct error error = {0};
    assert_true(weights_check_begin(&check, heads, n, m, &error));
    for (size_t i = 0; i < count; i++)
        weights_check_add(&check, data + i * n * m);
    return check;
}

static void expect_sum(const float *data, size_t heads, size_t n, size_t m, enum weights_sum sum)
{
    struct weights_check check = check_of(data, heads, heads, n, m);
    assert_int_equal(weights_check_sum(&check), sum);
    weights_check_free(&check);
}

static void says_over_what_they_sum_to_one(void **state)
{
    (void)state;
    expect_sum((const float[]){0.25f, 0.75f, 1, 0}, 1, 2, 2, WEIGHTS_OVER_KEYS);
    expect_sum((const float[]){0.25f, 1, 0.75f, 0}, 1, 2, 2, WEIGHTS_OVER_QUERIES);
    expect_sum((const float[]){0.25f, 0.5f, 0.5f, 1, 0.75f, 0.5f, 0.5f, 0}, 2, 2, 2, WEIGHTS_OVER_HEADS);
    expect_sum((const float[]){0.25f, 0.5f, 0.5f, 1}, 1, 2, 2, WEIGHTS_NO_SUM);
    expect_sum((const float[]){-1, 2, 1, 0}, 1, 2, 2, WEIGHTS_NO_SUM); /* rows of 1 with a number below 0 */
    expect_sum((const float[]){0, 0, 0, 0}, 1, 2, 2, WEIGHTS_NO_SUM);
    expect_sum((const float[]){0.25f, 0.751f, 0.9995f, 0}, 1, 2, 2, WEIGHTS_OVER_KEYS); /* rounded */
}

/* Rows of zeros are masked whole, and columns of zeros padding. */
static void zeros_have_no_sum(void **state)
{
    (void)state;
    expect_sum((const float[]){0, 0, 0, 0.5f, 0.5f, 0}, 1, 2, 3, WEIGHTS_OVER_KEYS);
    expect_sum((const float[]){0.5f, 0, 0.5f, 0}, 1, 2, 2, WEIGHTS_OVER_QUERIES);
}

/* A layer's heads are summed by themselves: the second layer begins anew. */
static void heads_are_those_of_a_layer(void **state)
{
    (void)state;
    const float two[] = {0.2f, 0.7f, 0.8f, 0.3f, 0.4f, 0.1f, 0.6f, 0.9f}; /* layers × heads × 1 × 2 */
    struct weights_check check = check_of(two, 4, 2, 1, 2);
    assert_int_equal(weights_check_sum(&check), WEIGHTS_OVER_HEADS);
    assert_int_equal(check.pairs, 4);
    weights_check_free(&check);
}

static void counts_what_is_off(void **state)
{
    (void)state;
    const float data[] = {0.5f, 0.5f, 0.5f, 0.25f, NAN, 1, 0, 0};
    struct weights_check check = check_of(data, 1, 1, 4, 2);
    assert_int_equal(check.rows, 2);
    assert_int_equal(check.rows_off, 1);
    assert_int_equal(check.broken, 1);
    assert_true(check.least == 0.75 && check.most == 1);
    weights_check_free(&check);
}

static void expect_causal(const float *data, size_t n, size_t m, bool is_causal, int64_t offset)
{
    struct weights_check check = check_of(data, 1, 1, n, m);
    int64_t found = 99;
    assert_int_equal(weights_check_causal(&check, &found), is_causal);
    if (is_causal)
        assert_int_equal(found, offset);
    weights_check_free(&check);
}

static void finds_the_diagonal(void **state)
{
    (void)state;
    expect_causal((const float[]){1, 0, 0, 0.5f, 0.5f, 0, 0.2f, 0.3f, 0.5f}, 3, 3, true, 0);
    expect_causal((const float[]){1, 0, 0, 1, 0, 0, 0, 0.5f, 0.5f}, 3, 3, true, 0); /* a zero on it */
    expect_causal((const float[]){0.5f, 0.5f, 0, 0.2f, 0.3f, 0.5f}, 2, 3, true, 1); /* the last sees all */
    expect_causal((const float[]){1, 0, 0, 0, 0.5f, 0.5f, 0, 0}, 2, 4, true, 0);
    expect_causal((const float[]){0.5f, 0.5f, 0, 0, 0.3f, 0.2f, 0.5f, 0}, 2, 4, true, 1);
    expect_causal((const float[]){0.5f, 0.5f, 0.5f, 0.5f}, 2, 2, false, 0);
    /* The last key is seen by nobody, which is padding and no diagonal. */
    expect_causal((const float[]){0.5f, 0.2f, 0.3f, 0, 0.5f, 0.2f, 0.3f, 0, 0.5f, 0.2f, 0.3f, 0}, 3, 4, false,
                  0);
    expect_causal((const float[]){1, 0, 0}, 1, 3, false, 0); /* one row */
    expect_causal((const float[]){0, 0, 0, 0}, 2, 2, false, 0);
}

/* A diagonal is one of all matrices: what one of them shows is no mask. */
static void one_head_that_looks_ahead_is_enough(void **state)
{
    (void)state;
    const float two[] = {1, 0, 0.5f, 0.5f, 0.9f, 0.1f, 0.5f, 0.5f};
    struct weights_check check = check_of(two, 2, 2, 2, 2);
    int64_t offset;
    assert_false(weights_check_causal(&check, &offset));
    weights_check_free(&check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_over_what_they_sum_to_one),
        cmocka_unit_test(zeros_have_no_sum),
        cmocka_unit_test(heads_are_those_of_a_layer),
        cmocka_unit_test(counts_what_is_off),
        cmocka_unit_test(finds_the_diagonal),
        cmocka_unit_test(one_head_that_looks_ahead_is_enough),
    };
    return cmocka_run_group_tests_name("weights_check", tests, NULL, NULL);
}
