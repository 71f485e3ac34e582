/* Frequencies of rotary, and the text of rope_scaling. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include "attention/rope.h"
#include "problem/rope_setting.h"

static struct rope_scaling parse(const char *text)
{
    struct rope_scaling scaling;
    struct error error = {0};
    memset(&scaling, 0, sizeof scaling);
    if (!rope_parse(&scaling, text, "it", ERROR_USAGE, &error))
        fail_msg("%s: %s", text, error.message);
    return scaling;
}

static void refuses(const char *text, const char *expected)
{
    struct rope_scaling scaling, before;
    struct error error = {0};
    memset(&scaling, 0, sizeof scaling);
    before = scaling;
    if (rope_parse(&scaling, text, "it", ERROR_INPUT, &error))
        fail_msg("\"%s\" was taken", text);
    assert_string_equal(error.message, expected);
    assert_int_equal(error.kind, ERROR_INPUT);
    assert_memory_equal(&scaling, &before, sizeof scaling);
}

static void assert_turns(const char *text, size_t width, double length, const double *wanted)
{
    const struct rope_scaling scaling = parse(text);
    double turn[4];
    rope_turns(turn, width, 100, &scaling, length);
    for (size_t t = 0; t < width / 2; t++)
        if (!(fabs(turn[t] - wanted[t]) < 1e-12))
            fail_msg("%s: pair %zu turns by %g, not %g", text, t, turn[t], wanted[t]);
}

static void turns_of_every_type(void **state)
{
    (void)state;
    const double grown = 100 * pow(3, 2); /* 4·9/9 - 3 = 1, and 4·13.5/9 - 3 = 3 */
    assert_turns("default", 4, 9, (const double[]){1, 0.1});
    assert_turns("linear:factor=8", 4, 9, (const double[]){0.125, 0.0125});
    assert_turns("dynamic:factor=4,max_position_embeddings=9", 4, 9, (const double[]){1, 0.1});
    assert_turns("dynamic:factor=4,max_position_embeddings=9", 4, 13.5, (const double[]){1, 1 / sqrt(grown)});
    assert_turns("dynamic:factor=4,max_position_embeddings=9,original_max_position_embeddings=1", 4, 9,
                 (const double[]){1, 0.1});
    assert_turns("dynamic:factor=4,max_position_embeddings=9", 2, 99, (const double[]){1});
    assert_turns("longrope:short_factor=[1,2],long_factor=[4,5],original_max_position_embeddings=9", 4, 9,
                 (const double[]){1, 0.05});
    assert_turns("longrope:short_factor=[1,2],long_factor=[4,5],original_max_position_embeddings=9", 4, 9.5,
                 (const double[]){0.25, 0.02});
    /* 20 waves in the trained length are fast, 2 are in the middle of 1 to 3. */
    char llama[160];
    snprintf(llama, sizeof llama,
             "llama3:factor=4,low_freq_factor=1,high_freq_factor=3,original_max_position_embeddings=%.17g",
             40 * M_PI);
    assert_turns(llama, 4, 9, (const double[]){1, 0.1 * (0.5 + 0.5 / 4)});
    /* Pairs that turn 10 and 1 times are 0 and 1: a ramp from one to the other. */
    char yarn[160];
    snprintf(yarn, sizeof yarn,
             "yarn:factor=4,beta_fast=10,beta_slow=0.1,original_max_position_embeddings=%.17g,truncate=false",
             20 * M_PI);
    assert_turns(yarn, 4, 9, (const double[]){1, 0.1 * (0.5 + 0.5 / 4)});
}

static void factors_on_cosines(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double wanted;
    } rows[] = {
        {"default", 1},
        {"linear:factor=8,attention_factor=3", 1},
        {"yarn:factor=0.5", 1},
        {"yarn:factor=10", 0.1 * 2.302585092994046 + 1},
        {"yarn:original_max_position_embeddings=3,max_position_embeddings=30", 0.1 * 2.302585092994046 + 1},
        {"yarn:factor=10,mscale=2,mscale_all_dim=2", 1},
        {"yarn:factor=10,mscale=2", 0.1 * 2.302585092994046 + 1},
        {"yarn:factor=10,mscale=2,attention_factor=0.75", 0.75},
        {"longrope:factor=8,original_max_position_embeddings=2", 2},
        {"su:factor=1,original_max_position_embeddings=2", 1},
        {"longrope:original_max_position_embeddings=2,max_position_embeddings=16", 2},
        {"longrope:attention_factor=1.5", 1.5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct rope_scaling scaling = parse(rows[i].text);
        if (!(fabs(rope_attention_factor(&scaling) - rows[i].wanted) < 1e-12))
            fail_msg("%s: %g", rows[i].text, rope_attention_factor(&scaling));
    }
}

static void writes_what_it_parsed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"default", "{\"rope_type\":\"default\"}"},
        {"su:factor=2.5", "{\"rope_type\":\"longrope\",\"factor\":2.5}"},
        {"mrope:mrope_section=[16,24,24]", "{\"rope_type\":\"default\",\"mrope_section\":[16,24,24]}"},
        {"yarn:truncate=true,factor=4", "{\"rope_type\":\"yarn\",\"factor\":4}"},
        {"yarn:truncate=false,mscale=0", "{\"rope_type\":\"yarn\",\"truncate\":false}"},
        {"longrope:short_factor=1,long_factor=[1,1.5]",
         "{\"rope_type\":\"longrope\",\"short_factor\":[1],\"long_factor\":[1,1.5]}"},
        {"linear:rope_theta=500000,partial_rotary_factor=0.5",
         "{\"rope_type\":\"linear\",\"rope_theta\":500000,\"partial_rotary_factor\":0.5}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct rope_scaling scaling = parse(rows[i].text), again = parse(rows[i].text);
        struct out out;
        struct error error = {0};
        out_begin(&out, -1, "it");
        rope_write(&scaling, &out);
        out_char(&out, 0);
        assert_true(out_finish(&out, &error));
        assert_string_equal(out.data, rows[i].json);
        assert_memory_equal(&scaling, &again, sizeof scaling);
        out_free(&out);
    }
}

static void refuses_what_it_does_not_know(void **state)
{
    (void)state;
    static const char types[] = "default, linear, dynamic, yarn, llama3 or longrope";
    char message[300];
    snprintf(message, sizeof message, "it: rope_type is \"ntk\": expected %s", types);
    refuses("ntk", message);
    snprintf(message, sizeof message, "it: rope_type is \"\": expected %s", types);
    refuses("", message);
    refuses("linear:4", "it is \"linear:4\": expected TYPE:KEY=VALUE,…, such as linear:factor=8");
    refuses("linear:factor=4,",
            "it is \"linear:factor=4,\": expected TYPE:KEY=VALUE,…, such as linear:factor=8");
    refuses("linear:factr=4", "it: the key \"factr\" is not understood; did you mean \"factor\"?");
    refuses(
        "linear:mrope_interleaved=true",
        "it: the key \"mrope_interleaved\" is not understood, and would change the result: expected those "
        "of Hugging Face's types default, linear, dynamic, yarn, llama3 and longrope");
    refuses("linear:type=yarn", "it: rope_type and type are linear and yarn: expected the same");
    static const char *const factors[] = {"0", "-2", "nan", "inf", "1e39", "1e-60", "", "8x"};
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        char text[40];
        snprintf(text, sizeof text, "linear:factor=%s", factors[i]);
        snprintf(message, sizeof message, "it: factor is \"%s\": expected a number above 0", factors[i]);
        refuses(text, message);
    }
    refuses("yarn:mscale=-1", "it: mscale is \"-1\": expected a number of 0 or more");
    refuses("yarn:truncate=1", "it: truncate is \"1\": expected true or false");
    refuses("default:partial_rotary_factor=1.5",
            "it: partial_rotary_factor is \"1.5\": expected a number above 0, at most 1");
    refuses("longrope:short_factor=[1,-1]",
            "it: short_factor is \"1,-1\": expected at most 128 numbers above 0");
    refuses("longrope:long_factor=[]", "it: long_factor is \"\": expected at most 128 numbers above 0");
    refuses("default:mrope_section=[1,0.5]",
            "it: mrope_section is \"1,0.5\": expected at most 8 whole numbers of 1 or more");
    refuses("default:mrope_section=[1,1,1,1,1,1,1,1,1]",
            "it: mrope_section is \"1,1,1,1,1,1,1,1,1\": expected at most 8 whole numbers of 1 or more");
    refuses("longrope:long_factor=[1,2", "it: long_factor is \"[1,2\": expected at most 128 numbers above 0");
    char list[40 + 2 * 129] = "longrope:short_factor=[1";
    for (int i = 1; i < 128; i++)
        strcat(list, ",1");
    struct rope_scaling scaling;
    struct error error = {0};
    strcat(list, "]");
    assert_int_equal(parse(list).short_count, 128);
    strcpy(list + strlen(list) - 1, ",1]");
    assert_false(rope_parse(&scaling, list, "it", ERROR_USAGE, &error));
}

static void names_keys_without_use(void **state)
{
    (void)state;
    const struct rope_scaling linear = parse("linear:factor=2,beta_fast=3,truncate=false,rope_theta=9");
    size_t at = 0;
    assert_string_equal(rope_unused_key(&linear, &at), "beta_fast");
    assert_string_equal(rope_unused_key(&linear, &at), "truncate");
    assert_null(rope_unused_key(&linear, &at));
    const struct rope_scaling plain = parse("default:factor=2");
    at = 0;
    assert_string_equal(rope_unused_key(&plain, &at), "factor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_of_every_type),    cmocka_unit_test(factors_on_cosines),
        cmocka_unit_test(writes_what_it_parsed),  cmocka_unit_test(refuses_what_it_does_not_know),
        cmocka_unit_test(names_keys_without_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
