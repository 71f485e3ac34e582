/* What is said of a run that will take long (view/estimate.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include "view/estimate.h"

static void a_minute_is_worth_a_warning(void **state)
{
    (void)state;
    char text[ESTIMATE_SIZE] = "";
    assert_false(estimate_write(text, &(struct estimate){0, 0, 1, 1.0 / 60, 1e9, "avx512"}));
    assert_string_equal(text, "");
    assert_true(estimate_write(text, &(struct estimate){0, 0, 1, 1.0 / 61, 1e9, "avx512"}));
    assert_string_equal(text,
                        "this will take about 1 minute: 1 billion pairs of query and key, engine avx512");
    assert_false(estimate_write(text, &(struct estimate){0, 0, 50, 0.9, 1e9, "avx512"}));
}

/* What came before the first share does not count as work of that kind, but as time. */
static void the_beginning_is_not_like_the_rest(void **state)
{
    (void)state;
    char text[ESTIMATE_SIZE];
    /* A tenth in 2 seconds: 20 s. With 30 s of masks before it, less than a minute all the same. */
    assert_false(estimate_write(text, &(struct estimate){30, 0.1, 32, 0.2, 1e9, "avx512"}));
    assert_true(estimate_write(text, &(struct estimate){300, 0.1, 302, 0.2, 1e9, "avx512"}));
    assert_string_equal(text,
                        "this will take about 5 minutes: 1 billion pairs of query and key, engine avx512");
}

static void says_how_long_and_why(void **state)
{
    (void)state;
    static const struct {
        double whole, pairs;
        const char *engine, *text;
    } cases[] = {
        {85, 2e6, "avx2", "this will take about 1 minute: 2 million pairs of query and key, engine avx2"},
        {100, 999999, "avx2", "this will take about 2 minutes: 999999 pairs of query and key, engine avx2"},
        {1500, 1e12, "portable",
         "this will take about 25 minutes: 1 trillion pairs of query and key, engine portable"},
        {5300, 1e12, "avx512",
         "this will take about 88 minutes: 1 trillion pairs of query and key, engine avx512"},
        {36000, 12.34e9, "plain",
         "this will take about 10 hours: 12.3 billion pairs of query and key, engine plain, row by row in "
         "double "
         "precision"},
        {1e6, 3.5e15, "plain",
         "this will take about 12 days: 3.5 quadrillion pairs of query and key, engine plain, row by row in "
         "double "
         "precision"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[ESTIMATE_SIZE];
        assert_true(estimate_write(
            text, &(struct estimate){0, 0, 2, 2 / cases[i].whole, cases[i].pairs, cases[i].engine}));
        assert_string_equal(text, cases[i].text);
    }
}

static void waits_until_it_can_be_told(void **state)
{
    (void)state;
    assert_false(estimate_is_ready(&(struct estimate){0, 0, 0.9, 0.5, 1e9, "avx512"}));
    assert_true(estimate_is_ready(&(struct estimate){0, 0, 1, 1e-9, 1e9, "avx512"}));
    assert_false(estimate_is_ready(&(struct estimate){0, 0, 100, 0, 1e9, "avx512"}));
    assert_false(estimate_is_ready(&(struct estimate){99.5, 0.1, 100, 0.2, 1e9, "avx512"}));
    assert_false(estimate_is_ready(&(struct estimate){99, 0.1, 100, 0.1, 1e9, "avx512"}));
    assert_true(estimate_is_ready(&(struct estimate){99, 0.1, 100, 0.2, 1e9, "avx512"}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minute_is_worth_a_warning),
        cmocka_unit_test(the_beginning_is_not_like_the_rest),
        cmocka_unit_test(says_how_long_and_why),
        cmocka_unit_test(waits_until_it_can_be_told),
    };
    return cmocka_run_group_tests_name("estimate", tests, NULL, NULL);
}
