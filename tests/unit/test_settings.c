/* The settings that options and JSON keys share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include "problem/setting_kinds.h"
#include "problem/settings.h"
#include "problem/settings_parse.h"
#include "problem/settings_write.h"

static struct settings parse(enum setting which, const char *text)
{
    struct settings settings = {0};
    struct error error = {0};
    if (!settings_parse(&settings, which, text, "it", ERROR_USAGE, &error))
        fail_msg("%s: %s", text ? text : "nothing", error.message);
    assert_true(settings.given == UINT64_C(1) << which);
    return settings;
}

/* Each of the texts is refused, and leaves the setting not given. */
static void refuses(enum setting which, const char *const *texts, const char *expected)
{
    for (; *texts; texts++) {
        struct settings settings = {0};
        struct error error = {0};
        char message[200];
        if (settings_parse(&settings, which, *texts, "--it", ERROR_USAGE, &error))
            fail_msg("\"%s\" was taken for %s", *texts, setting_kinds[which].name);
        snprintf(message, sizeof message, "--it is \"%s\": expected %s", *texts, expected);
        assert_string_equal(error.message, message);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_int_equal(settings.given, 0);
    }
}

static void parses_causal(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum causal causal;
        int64_t offset;
    } rows[] = {
        {NULL, CAUSAL_START, 0}, {"true", CAUSAL_START, 0}, {"start", CAUSAL_START, 0},
        {"end", CAUSAL_END, 0},  {"no", CAUSAL_NO, 0},      {"false", CAUSAL_NO, 0},
        {"0", CAUSAL_START, 0},  {"3", CAUSAL_START, 3},    {"-2", CAUSAL_START, -2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct settings settings = parse(SETTING_CAUSAL, rows[i].text);
        assert_int_equal(settings.causal, rows[i].causal);
        assert_int_equal(settings.causal_offset, rows[i].offset);
    }
    refuses(SETTING_CAUSAL,
            (const char *const[]){"", "maybe", "1.5", "99999999999", "-99999999999", "1e3", NULL},
            "true, false, start, end, no or a whole number (the offset)");
}

static void parses_heads(void **state)
{
    (void)state;
    assert_int_equal(parse(SETTING_HEADS, "12").heads, 12);
    assert_int_equal(parse(SETTING_KV_HEADS, "1").kv_heads, 1);
    refuses(SETTING_HEADS, (const char *const[]){"", "0", "-1", "1.5", "4.0", "x", "true", NULL},
            "a whole number of 1 or more");
    refuses(SETTING_HEADS, (const char *const[]){"2147483648", "99999999999", NULL},
            "a whole number of at most 2147483647");
}

static void parses_scale_and_softcap(void **state)
{
    (void)state;
    assert_true(parse(SETTING_SCALE, "0.125").scale.at[0] == 0.125);
    assert_true(parse(SETTING_SCALE, "0").scale.at[0] == 0);
    assert_true(parse(SETTING_SCALE, "-2e-1").scale.at[0] == -0.2);
    refuses(SETTING_SCALE, (const char *const[]){"", "nan", "inf", "1/8", "0.1x", NULL},
            "a finite number, or one a head");
    assert_true(parse(SETTING_SOFTCAP, "50").softcap.at[0] == 50);
    assert_true(parse(SETTING_SOFTCAP, "0").softcap.at[0] == 0);
    refuses(SETTING_SOFTCAP, (const char *const[]){"", "-1", "nan", NULL},
            "a number above 0, or 0 for none, or one a head");
    const struct settings heads = parse(SETTING_SOFTCAP, "1,0,2.5");
    assert_int_equal(heads.softcap.count, 3);
    assert_true(per_head_at(&heads.softcap, 1) == 0 && per_head_at(&heads.softcap, 2) == 2.5);
    const struct settings all = parse(SETTING_SCALE, "3");
    assert_true(per_head_at(&all.scale, 7) == 3);
    refuses(SETTING_SCALE, (const char *const[]){"1,", ",1", "1,,2", "1;2", NULL},
            "a finite number, or one a head");
    refuses(SETTING_SOFTCAP, (const char *const[]){"1,-1", "1,-0", NULL},
            "a number above 0, or 0 for none, or one a head");
    refuses(SETTING_TEMPERATURE, (const char *const[]){"1,0", "0", NULL}, "a number above 0, or one a head");
    static const char *const sizes[] = {"1e39", "-1e39", "1e-50", NULL};
    refuses(SETTING_SCALE, sizes, "a number that float32 holds, from 1e-45 to 3e38 in size");
    refuses(SETTING_SOFTCAP, sizes, "a number that float32 holds, from 1e-45 to 3e38 in size");
}

static void parses_window(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t left, right;
    } rows[] = {{"3", 3, 3}, {"0", 0, 0}, {"4,0", 4, 0}, {"-1,2", -1, 2}, {"2,-1", 2, -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct settings settings = parse(SETTING_WINDOW, rows[i].text);
        assert_int_equal(settings.window.left[0], rows[i].left);
        assert_int_equal(settings.window.right[0], rows[i].right);
    }
    refuses(SETTING_WINDOW,
            (const char *const[]){"", "-2", "1,-2", "1,", ",1", "1,2,3", "1.5", "a", "99999999999", "1, 2",
                                  "0000000000000000000000001", NULL},
            "a whole number, or two as L,R, of -1 (no limit) or more; or one a head, as 4,0;8,0");
}

static void parses_switches(void **state)
{
    (void)state;
    assert_true(parse(SETTING_MASK_TRUE_BLOCKS, NULL).mask_true_blocks);
    assert_true(parse(SETTING_MASK_TRUE_BLOCKS, "true").mask_true_blocks);
    assert_false(parse(SETTING_MASK_TRUE_BLOCKS, "false").mask_true_blocks);
    refuses(SETTING_MASK_TRUE_BLOCKS, (const char *const[]){"", "1", "maybe", NULL}, "true or false");
}

static void knows_their_names(void **state)
{
    (void)state;
    for (enum setting i = 0; i < SETTING_COUNT; i++)
        assert_int_equal(setting_named(setting_kinds[i].name), i);
    assert_int_equal(setting_named("kv-heads"), SETTING_COUNT);
    assert_int_equal(setting_named(""), SETTING_COUNT);
}

static void overrides_what_is_given(void **state)
{
    (void)state;
    struct settings base = {0}, over = {0};
    struct error error = {0};
    static const struct {
        enum setting which;
        const char *below, *above;
    } rows[] = {{SETTING_HEADS, "2", "4"},
                {SETTING_SCALE, "1", NULL},
                {SETTING_WINDOW, NULL, "3,0"},
                {SETTING_CAUSAL, "end", "2"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].below)
            assert_true(settings_parse(&base, rows[i].which, rows[i].below, "it", ERROR_USAGE, &error));
        if (rows[i].above)
            assert_true(settings_parse(&over, rows[i].which, rows[i].above, "it", ERROR_USAGE, &error));
    }
    settings_override(&base, &over);
    assert_int_equal(base.heads, 4);
    assert_true(base.scale.at[0] == 1);
    assert_int_equal(base.window.left[0], 3);
    assert_int_equal(base.window.right[0], 0);
    assert_int_equal(base.causal, CAUSAL_START);
    assert_int_equal(base.causal_offset, 2);
    assert_int_equal(base.given,
                     1u << SETTING_HEADS | 1u << SETTING_SCALE | 1u << SETTING_WINDOW | 1u << SETTING_CAUSAL);
}

/* bug: --score addtive was refused without a word about additive */
static void off_values_are_given_and_not_in_force(void **state)
{
    (void)state;
    static const struct {
        enum setting which;
        const char *off, *on;
    } cases[] = {
        {SETTING_SOFTCAP, "0", "0.5"},
        {SETTING_DROPOUT, "0", "0.5"},
        {SETTING_RESIDUAL, "false", "true"},
        {SETTING_SCORE, "scaled", "dot"},
        {SETTING_CAUSAL, "no", "start"},
        {SETTING_POSITION, "none", "alibi"},
        {SETTING_NORMALIZER, "softmax", "linear"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings off = parse(cases[i].which, cases[i].off), on = parse(cases[i].which, cases[i].on);
        if (settings_in_force(&off, cases[i].which) || !settings_in_force(&on, cases[i].which))
            fail_msg("%s", setting_kinds[cases[i].which].name);
    }
    struct settings sink = parse(SETTING_SINK, "0"), none = {0}; /* a logit of 0 takes weight */
    assert_true(settings_in_force(&sink, SETTING_SINK));
    assert_false(settings_in_force(&none, SETTING_SINK));
}

static void given_weights_keep_the_masks(void **state)
{
    (void)state;
    struct settings all = {0};
    static const struct {
        enum setting which;
        const char *text;
    } given[] = {
        {SETTING_HEADS, "2"},   {SETTING_CAUSAL, "start"},    {SETTING_BLOCK, "3"},  {SETTING_SCALE, "2"},
        {SETTING_DROPOUT, "0"}, {SETTING_POSITION, "rotary"}, {SETTING_NORM, "pre"},
    };
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        struct settings one = parse(given[i].which, given[i].text);
        settings_override(&all, &one);
    }
    const uint64_t cleared = settings_keep_masks(&all), bit = 1;
    assert_true(cleared == (bit << SETTING_SCALE | bit << SETTING_POSITION | bit << SETTING_NORM));
    assert_true(all.given == (bit << SETTING_HEADS | bit << SETTING_CAUSAL | bit << SETTING_BLOCK));
    assert_true(all.scale.at[0] == 0 && all.position == 0 && all.norm == 0 && all.block == 3);
}

static void suggests_the_word_that_is_near(void **state)
{
    (void)state;
    static const struct {
        enum setting which;
        const char *text, *message;
    } rows[] = {
        {SETTING_SCORE, "addtive", "--it is \"addtive\": did you mean additive?"},
        {SETTING_POSITION, "rotary_interleaved",
         "--it is \"rotary_interleaved\": did you mean rotary-interleaved?"},
        {SETTING_CAUSAL, "END", "--it is \"END\": did you mean end?"},
        {SETTING_NORM, "batch", "--it is \"batch\": expected one of none pre post"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct settings settings = {0};
        struct error error = {0};
        assert_false(settings_parse(&settings, rows[i].which, rows[i].text, "--it", ERROR_USAGE, &error));
        assert_string_equal(error.message, rows[i].message);
    }
}

/* bug: a separator that was no UTF-8 made JSON that nobody could read */
static void parses_text(void **state)
{
    (void)state;
    assert_string_equal(parse(SETTING_SEPARATOR, "</s>").separator, "</s>");
    assert_string_equal(parse(SETTING_SEPARATOR, "a\xC0\x80").separator, "a\xC0\x80");
    struct settings settings = {0};
    struct error error = {0};
    assert_false(settings_parse(&settings, SETTING_SEPARATOR, "a\xFF", "--it", ERROR_USAGE, &error));
    assert_string_equal(error.message, "--it is \"a\\xFF\": expected a token of at most 63 bytes of UTF-8");
    refuses(SETTING_SEPARATOR, (const char *const[]){"", NULL}, "a token of at most 63 bytes of UTF-8");

    /* What is written is what is read, whatever it holds; and the same only where it is the same. */
    struct out out;
    settings = parse(SETTING_SEPARATOR, "\"\\\n\x7F\u2028é\xC0\x80");
    out_begin(&out, -1, "memory");
    settings_write(&settings, SETTING_SEPARATOR, &out);
    out_char(&out, 0);
    assert_string_equal(out.data, "\"\\\"\\\\\\n\\u007f\\u2028é\\u0000\"");
    out_free(&out);
    struct settings twice = parse(SETTING_SEPARATOR, "long"), once = parse(SETTING_SEPARATOR, "x");
    assert_false(settings_same(&twice, &once, SETTING_SEPARATOR));
    assert_true(settings_parse(&twice, SETTING_SEPARATOR, "x", "it", ERROR_USAGE, &error));
    assert_true(settings_same(&twice, &once, SETTING_SEPARATOR));
    assert_false(settings_same(&twice, &once, SETTING_SCORE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_causal),
        cmocka_unit_test(parses_heads),
        cmocka_unit_test(parses_scale_and_softcap),
        cmocka_unit_test(parses_window),
        cmocka_unit_test(parses_switches),
        cmocka_unit_test(knows_their_names),
        cmocka_unit_test(overrides_what_is_given),
        cmocka_unit_test(off_values_are_given_and_not_in_force),
        cmocka_unit_test(given_weights_keep_the_masks),
        cmocka_unit_test(suggests_the_word_that_is_near),
        cmocka_unit_test(parses_text),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
