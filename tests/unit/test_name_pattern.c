/* Patterns of names, and the endings that say which of them need not be looked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "read/name_pattern.h"
#include "read/profiles.h"

static bool fits(const char *pattern, const char *name)
{
    struct name_numbers numbers;
    return name_pattern_fits(pattern, name, &numbers);
}

static void test_numbers(void **state)
{
    (void)state;
    struct name_numbers numbers;
    assert_true(name_pattern_fits("*.layers.%d.q", "Model.Layers.12.Q", &numbers));
    assert_int_equal(numbers.layer, 12);
    assert_true(numbers.step == SIZE_MAX);
    assert_int_equal(numbers.start, 6);
    assert_true(fits("step%s_%d", "step1_2") && fits("*.q", "q") && fits("*.q", "a.b.q"));
    assert_false(fits("*.q", "aq") || fits("q", "a.q") || fits("q%d", "q") || fits("q%d", "q1234567890"));
}

/* A name for a pattern, with numbers of one digit or many, in modules or in none. */
static void name_make(char name[400], const char *pattern, bool is_long)
{
    const char *rest = pattern + (text_begins(pattern, "*.") ? 2 : 0);
    size_t used = (size_t)snprintf(name, 400, "%s", rest > pattern && is_long ? "Some.module2." : "");
    for (; *rest; rest += *rest == '%' ? 2 : 1)
        if (*rest == '%')
            used += (size_t)snprintf(name + used, 400 - used, "%d", is_long ? 107 : 3);
        else
            used += (size_t)snprintf(name + used, 400 - used, "%c", *rest);
}

/* The ending of every name that a pattern fits is found, and of those of one model few of another's. */
static void test_endings(void **state)
{
    (void)state;
    char name[400];
    size_t met = 0, rows = 0;
    static struct name_endings llama;
    name_endings_add(&llama, "model.layers.7.self_attn.q_proj.weight");
    name_endings_add(&llama, "lm_head.weight");
    for (const struct profile *profile = profiles; profile->name; profile++)
        for (const struct profile_row *row = profile->rows; row->pattern; row++, rows++) {
            met += name_endings_have(&llama, row->pattern);
            for (int i = 0; i < 2; i++) {
                struct name_endings endings = {{0}};
                assert_false(name_endings_have(&endings, row->pattern));
                name_make(name, row->pattern, i);
                if (!fits(row->pattern, name))
                    fail_msg("%s is not %s", name, row->pattern);
                name_endings_add(&endings, name);
                assert_true(name_endings_have(&endings, row->pattern));
            }
        }
    assert_true(met > 0 && met < rows / 10);
    assert_false(name_endings_have(&llama, "*.weight_q") || name_endings_have(&llama, "*.q_proj.bias"));
    assert_true(name_endings_have(&llama, "*.weight") &&
                name_endings_have(&llama, "*.%d.self_attn.Q_proj.weight"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers), cmocka_unit_test(test_endings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
