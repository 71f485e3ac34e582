/* The words of a text and their rows: which spellings are looked for, and which of those that the file has is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include "read/word_text.h"

/* The labels and rows of a text, "the:0 cat:1", from a file whose words are given, one behind the other; or the message. */
static void check_choice(const char *text, const char *const *file, const char *wanted)
{
    struct word_text words = {0};
    struct word_rows rows = {0};
    struct warnings notes = {0};
    struct error error = {0};
    char got[1100] = "";
    assert_true(word_text_begin(&words, text, &error));
    for (size_t i = 0; file[i]; i++)
        word_text_meet(&words, file[i], strlen(file[i]), i);
    if (word_text_choose(&words, "f", &rows, &notes, &error))
        for (size_t i = 0, used = 0; i < rows.count; i++)
            used += (size_t)snprintf(got + used, sizeof got - used, "%s%s:%zu", i > 0 ? " " : "",
                                     rows.labels.text[i], rows.row[i]);
    else
        snprintf(got, sizeof got, "%s", error.message);
    assert_string_equal(got, wanted);
    word_rows_free(&rows);
    word_text_free(&words);
    warnings_free(&notes);
}

static void test_spellings(void **state)
{
    static const char *const file[] = {"the", "Cat", "cat",   ".",   "...", "do",
                                       "n't", "(",   "cat's", "the", NULL};
    (void)state;
    check_choice("the cat", file, "the:0 cat:2");
    check_choice("The Cat CAT", file, "the:0 Cat:1 cat:2");
    check_choice("the... the.. (cat).(", file,
                 "f: no row for \"(cat).(\" (did you mean cat?): expected words that the file has");
    check_choice("the... the..", file, "the:0 ...:4 the:0 .:3 .:3");
    check_choice("don't DON'T don\u2019t", file, "do:5 n't:6 do:5 n't:6 do:5 n't:6");
    check_choice("cat's (cat's", file, "cat's:8 (:7 cat's:8");
    check_choice("dog cats", file, "f: no row for \"dog\", \"cats\": expected words that the file has");
    check_choice("(.", file, "(:7 .:3");
}

static void test_small_letters(void **state)
{
    static const char *const file[] = {
        "\u00e9t\u00e9", "\u017eena", "\u03b1\u03ce", "\u0451\u0436", "\u00d7", "i", NULL};
    (void)state;
    check_choice("\u00c9T\u00c9 \u017dENA \u0391\u038f \u0401\u0416 \u00d7 I", file,
                 "\u00e9t\u00e9:0 \u017eena:1 \u03b1\u03ce:2 \u0451\u0436:3 \u00d7:4 i:5");
    check_choice("\u0130", file, "f: no row for \"\u0130\": expected words that the file has");
}

/* A text of many words makes the hash grow. */
static void test_many(void **state)
{
    enum { COUNT = 5000 };
    char *text = malloc(COUNT * 8), word[16];
    struct word_text words = {0};
    struct word_rows rows = {0};
    struct warnings notes = {0};
    struct error error = {0};
    size_t used = 0;
    (void)state;
    assert_non_null(text);
    for (int i = 0; i < COUNT; i++)
        used += (size_t)sprintf(text + used, "W%d ", i);
    assert_true(word_text_begin(&words, text, &error));
    for (size_t i = 0; i < COUNT; i++)
        word_text_meet(&words, word, (size_t)sprintf(word, "w%d", (int)(COUNT - 1 - i)), i);
    assert_true(word_text_choose(&words, "f", &rows, &notes, &error));
    assert_int_equal(rows.count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        sprintf(word, "w%zu", i);
        assert_string_equal(rows.labels.text[i], word);
        assert_int_equal(rows.row[i], COUNT - 1 - i);
    }
    word_rows_free(&rows);
    word_text_free(&words);
    warnings_free(&notes);
    free(text);
}

static void test_empty(void **state)
{
    struct word_text words = {0};
    struct error error = {0};
    (void)state;
    assert_false(word_text_begin(&words, " \n\t", &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    word_text_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spellings), cmocka_unit_test(test_small_letters),
                                       cmocka_unit_test(test_many), cmocka_unit_test(test_empty)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
