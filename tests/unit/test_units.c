/* Units of jobs against counting them off one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include "engine/units.h"

/* Every unit of jobs with these counts is found, in order. */
static void check(const size_t *counts, size_t jobs)
{
    struct units units = {0};
    struct error error = {0};
    size_t unit = 0, index;
    assert_true(units_make(&units, jobs, &error));
    assert_int_equal(units_count(&units), 0);
    for (size_t j = 0; j < jobs; j++)
        units_add(&units, counts[j]);
    for (size_t j = 0; j < jobs; j++)
        for (size_t i = 0; i < counts[j]; i++, unit++) {
            assert_int_equal(units_job(&units, unit, &index), j);
            assert_int_equal(index, i);
        }
    assert_int_equal(units_count(&units), unit);
    units_free(&units);
}

static void finds_the_job_of_every_unit(void **state)
{
    (void)state;
    check((const size_t[]){1}, 1);
    check((const size_t[]){5}, 1);
    check((const size_t[]){1, 1, 1, 1}, 4);
    check((const size_t[]){3, 1, 4, 1, 5, 9, 2, 6}, 8);
    size_t many[1000];
    for (size_t j = 0; j < 1000; j++)
        many[j] = j * 7 % 5;
    check(many, 1000);
}

static void jobs_may_have_no_units(void **state)
{
    (void)state;
    check((const size_t[]){0}, 0);
    check((const size_t[]){0}, 1);
    check((const size_t[]){0, 0, 2, 0, 1, 0, 0}, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_job_of_every_unit),
        cmocka_unit_test(jobs_may_have_no_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
