/* The divergence of rows against its definition, and where that has nothing to say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these before it */
#include <cmocka.h>
#include <math.h>

#include "attention/divergence.h"

static const double ln_2 = 0.693147180559945309;

static void assert_near(double got, double want, double off)
{
    if (!(fabs(got - want) <= off))
        fail_msg("got %.17g, wanted %.17g", got, want);
}

static void has_its_ends(void **state)
{
    (void)state;
    const float a[] = {0.25f, 0.75f, 0, 0}, twice[] = {0.5f, 1.5f, 0, 0}, other[] = {0, 0, 1, 3};
    assert_true(divergence_js(a, a, 4) == 0);
    assert_true(divergence_js(a, twice, 4) == 0); /* each row is divided by its sum */
    assert_near(divergence_js(a, other, 4), ln_2, 1e-15);
    assert_true(divergence_js(a, other, 4) <= ln_2);
}

/* Half the terms of Σ p ln(p/r) for p, q = (3/4, 1/4), (1/4, 3/4), r = (1/2, 1/2): ¾ ln 3/2 + ¼ ln 1/2. */
static void is_the_formula(void **state)
{
    (void)state;
    const float a[] = {0.75f, 0.25f}, b[] = {0.25f, 0.75f};
    assert_near(divergence_js(a, b, 2), 0.75 * log(1.5) + 0.25 * log(0.5), 1e-16);
}

/* Small differences are not lost: the divergence goes to Σ (p - q)²/(8r), and both forms of a term meet. */
static void small_differences_are_exact(void **state)
{
    (void)state;
    for (float step = 0x1p-2f; step > 0x1p-22f; step /= 2) {
        const float a[] = {0.5f + step, 0.5f - step}, b[] = {0.5f - step, 0.5f + step};
        const double x = 2 * (double)step, square = x * x;
        double series = 0;
        for (int k = 200; k > 0; k--)
            series = square * (series + 1.0 / (k * (2.0 * k - 1)));
        assert_near(divergence_js(a, b, 2) / (series / 2), 1, 1e-14);
        assert_true(divergence_js(a, b, 2) == divergence_js(b, a, 2));
    }
}

static void says_nothing_of_what_is_no_share(void **state)
{
    (void)state;
    const float a[] = {0.5f, 0.5f}, none[] = {0, 0}, below[] = {1.5f, -0.5f}, nan[] = {NAN, 1},
                inf[] = {INFINITY, 1};
    const float *const wrong[] = {none, below, nan, inf};
    for (size_t i = 0; i < 4; i++) {
        assert_true(isnan(divergence_js(a, wrong[i], 2)));
        assert_true(isnan(divergence_js(wrong[i], a, 2)));
    }
    assert_true(isnan(divergence_js(a, a, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_its_ends),
        cmocka_unit_test(is_the_formula),
        cmocka_unit_test(small_differences_are_exact),
        cmocka_unit_test(says_nothing_of_what_is_no_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
