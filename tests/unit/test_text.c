/* Text: UTF-8, what fits a line of a terminal, columns, near misses, strict numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include "base/text.h"
#include "base/words.h"

static void encodes_and_decodes_every_character(void **state)
{
    (void)state;
    for (uint32_t code = 1; code < 0x110000; code++) {
        char text[5] = {0};
        const char *at = text;
        if (code >= 0xD800 && code < 0xE000)
            continue;
        size_t length = text_encode(code, text);
        assert_int_equal(length, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
        assert_int_equal(text_decode(&at), code);
        assert_ptr_equal(at, text + length);
        assert_int_equal(text_valid_length(text, length), length);
        if (length > 1)
            assert_int_equal(text_valid_length(text, length - 1), 0);
    }
}

static void holds_nul_in_two_bytes(void **state)
{
    (void)state;
    char text[5] = {0};
    assert_int_equal(text_encode(0, text), 2);
    assert_memory_equal(text, TEXT_NUL, 3);
    const char *at = text;
    assert_int_equal(text_decode(&at), 0);
    assert_ptr_equal(at, text + 2);
    assert_int_equal(text_decode(&at), 0); /* the end */
    assert_ptr_equal(at, text + 2);
}

/* Overlong forms, surrogates, beyond 10FFFF, lone and missing continuation bytes (RFC 3629). */
static void tells_what_is_not_utf8(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "\x80",
        "\xBF",
        "\xC0\xAF",
        "\xC1\xBF",
        "\xC3",
        "\xC3(",
        "\xE0\x9F\xBF",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xE2\x82",
        "\xE2(\xA1",
        "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xF0\x9F\x98",
        "\xF8\x88\x80\x80\x80",
        "\xFE",
        "\xFF",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        size_t length = strlen(wrong[i]);
        char *exact = malloc(length + 3);
        assert_non_null(exact);
        memcpy(exact, "ok", 2);
        memcpy(exact + 2, wrong[i], length + 1);
        assert_int_equal(text_valid_length(exact, length + 2), 2);
        const char *at = exact + 2;
        assert_int_equal(text_decode(&at), 0xFFFD);
        assert_ptr_equal(at, exact + 3); /* one byte each */
        free(exact);
    }
    assert_int_equal(text_valid_length("a\0b", 3), 3);
    assert_int_equal(text_valid_length("", 0), 0);
}

static void check_clean(const char *text, size_t size, const char *wanted)
{
    char *out = malloc(size); /* so that a sanitizer sees a byte too far */
    assert_non_null(out);
    text_clean(out, size, text);
    assert_string_equal(out, wanted);
    free(out);
}

static void cleans_for_one_line(void **state)
{
    (void)state;
    check_clean("plain é 中 😀", 64, "plain é 中 😀");
    check_clean("a\nb\tc\x1b[31m\x7f", 64, "a\\x0Ab\\x09c\\x1B[31m\\x7F");
    check_clean("\xC2\x85", 64, "\\x85");             /* next line, of C1 */
    check_clean("a\xE2\x80\xA8z", 64, "a\\u{2028}z"); /* line separator */
    check_clean("a\xE2\x80\xAEz", 64, "a\\u{202E}z"); /* right-to-left override */
    check_clean("a" TEXT_NUL "z", 64, "a\\x00z");
    check_clean("a\xFFz", 64, "a\\xFFz");
    check_clean("\xEF\xBF\xBD", 64, "\xEF\xBF\xBD"); /* U+FFFD itself is a character */
}

static void cuts_at_a_character(void **state)
{
    (void)state;
    check_clean("abcdefgh", 9, "abcdefgh");
    check_clean("abcdefgh", 8, "abcd…");
    check_clean("ééééé", 11, "ééééé");
    check_clean("ééééé", 10, "ééé…");
    check_clean("ééééé", 9, "éé…");
    check_clean("😀😀😀", 12, "😀😀…");
    check_clean("a\n\n\n", 8, "a\\x0…"); /* cut within what stands for a character, too */
    for (size_t size = 4; size < 40; size++) {
        char out[40];
        text_clean(out, size,
                   "aé中😀\n\xE2\x80\xAE"
                   "aé中😀");
        assert_true(strlen(out) < size);
        assert_int_equal(text_valid_length(out, strlen(out)), strlen(out));
    }
}

static void counts_columns(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t columns;
    } texts[] = {
        {"", 0},
        {"abc", 3},
        {"é", 1},
        {"e\xCC\x81", 1},
        {"中文", 4},
        {"カタ", 4},
        {"한", 2},
        {"😀", 2},
        {"Ａ", 2},
        {"é中😀", 5},
        {"…", 1},
        {"→", 1},
        {"\xE2\x80\x8B", 0},
        {"❤\xEF\xB8\x8F", 1},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (text_columns(texts[i].text) != texts[i].columns)
            fail_msg("%s: %zu columns, expected %zu", texts[i].text, text_columns(texts[i].text),
                     texts[i].columns);
}

static void finds_the_nearest(void **state)
{
    (void)state;
    static const char *const words[] = {"causal", "scale", "softcap", "heads", "kv-heads", "q", NULL};
    static const struct {
        const char *word, *nearest;
    } pairs[] = {
        {"casual", "causal"}, /* two neighbours swapped are one step */
        {"causl", "causal"},
        {"causall", "causal"},
        {"Causal", "causal"},
        {"sclae", "scale"},
        {"head", "heads"},
        {"kvheads", "kv-heads"},
        {"softcap", "softcap"},
        {"banana", NULL},
        {"xyz", NULL},
        {"", NULL},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char *got = text_nearest(pairs[i].word, words);
        if (!got != !pairs[i].nearest || (got && strcmp(got, pairs[i].nearest) != 0))
            fail_msg("%s: %s, expected %s", pairs[i].word, got ? got : "nothing",
                     pairs[i].nearest ? pairs[i].nearest : "nothing");
    }
    static const char *const none[] = {NULL};
    assert_null(text_nearest("a", none));
}

static void begins_and_ends(void **state)
{
    (void)state;
    assert_true(text_ends("x.png", ".png"));
    assert_true(text_ends(".png", ".png"));
    assert_false(text_ends("png", ".png"));
    assert_false(text_ends("x.PNG", ".png"));
    assert_true(text_begins("causal", "cau"));
    assert_true(text_begins("causal", ""));
    assert_false(text_begins("ca", "cau"));
}

static void reads_strict_integers(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "--1", "9223372036854775808", "one"};
    int64_t value = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (text_to_integer(wrong[i], &value))
            fail_msg("\"%s\" was taken for %lld", wrong[i], (long long)value);
    assert_true(text_to_integer("-42", &value) && value == -42);
    assert_true(text_to_integer("007", &value) && value == 7);
    assert_true(text_to_integer("-9223372036854775808", &value) && value == INT64_MIN);
}

static void reads_strict_numbers(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", " 1", "1 ", "nan", "inf", "0x10", "1e", "--1", "1,5", "e", "."};
    double value = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (text_to_number(wrong[i], &value))
            fail_msg("\"%s\" was taken for %g", wrong[i], value);
    assert_true(text_to_number("0.125", &value) && value == 0.125);
    assert_true(text_to_number("-1e-3", &value) && value == -1e-3);
    assert_true(text_to_number(".5", &value) && value == 0.5);
}

static void copies_and_formats(void **state)
{
    (void)state;
    char *text = text_format("%s-%d", "layer", 3), *copy = text_copy(text), *part = text_copy_part(text, 5);
    assert_string_equal(text, "layer-3");
    assert_string_equal(copy, "layer-3");
    assert_string_equal(part, "layer");
    free(text);
    free(copy);
    free(part);
}

static void lists_words(void **state)
{
    (void)state;
    static const char *const lists[][2] = {
        {"", ""}, {"a", "a"}, {"a bb", "a and bb"}, {"a bb .c", "a, bb and .c"}};
    char list[WORDS_LIST], many[2 * WORDS_LIST];
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        words_list(list, lists[i][0], "and");
        assert_string_equal(list, lists[i][1]);
    }
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = 0;
    words_list(list, many, "and");
    assert_int_equal(strlen(list), sizeof list - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_and_decodes_every_character),
        cmocka_unit_test(holds_nul_in_two_bytes),
        cmocka_unit_test(tells_what_is_not_utf8),
        cmocka_unit_test(cleans_for_one_line),
        cmocka_unit_test(cuts_at_a_character),
        cmocka_unit_test(counts_columns),
        cmocka_unit_test(finds_the_nearest),
        cmocka_unit_test(begins_and_ends),
        cmocka_unit_test(reads_strict_integers),
        cmocka_unit_test(reads_strict_numbers),
        cmocka_unit_test(copies_and_formats),
        cmocka_unit_test(lists_words),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
