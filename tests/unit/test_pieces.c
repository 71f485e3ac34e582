/* Pieces of tokenizers as people read them (problem/pieces.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include "base/text.h"
#include "problem/pieces.h"

/* Shows pieces, and compares them with what is expected; NULL: they have no markers, and stay as they are. */
static void assert_shown(const char *const *pieces, const char *const *expected)
{
    struct labels labels = {.given = true};
    struct error error = {0};
    while (pieces[labels.count])
        labels.count++;
    labels.text = calloc(labels.count, sizeof *labels.text);
    for (size_t i = 0; i < labels.count; i++)
        labels.text[i] = text_copy(pieces[i]);
    assert_true(pieces_show(&labels, &error));
    assert_true(!labels.shown == !expected);
    for (size_t i = 0; i < labels.count; i++) {
        assert_string_equal(labels_shown(&labels)[i], expected ? expected[i] : pieces[i]);
        assert_true(text_is_valid(labels_shown(&labels)[i]));
    }
    labels_free(&labels);
}

static void bytes_of_bpe(void **state)
{
    (void)state;
    static const char *const pieces[] = {"<|endoftext|>", "Hello", "Ġworld", "Ċ",   "ĉ", "Ã©tÃ©", "âĢ",
                                         "âĢĻ",           "Ġ",     "ĠĠ",     "ä½ł", "¡", "a b",   NULL};
    static const char *const shown[] = {"<|endoftext|>", "Hello", " world", "\\n", "\\t", "été",
                                        "\\xE2\\x80",    "’",     " ",      "  ",  "你",  "\\xA1",
                                        "a b",           NULL};
    assert_shown(pieces, shown);
}

/* Every byte has its character, and no other. */
static void all_bytes_of_bpe(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const bool itself = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
        uint32_t code = (uint32_t)byte;
        for (int other = 0, next = 0; !itself && other <= byte; other++)
            if (!((other >= 0x21 && other <= 0x7E) || (other >= 0xA1 && other != 0xAD)))
                code = (uint32_t)(0x100 + next++);
        char piece[8] = {0}, expected[8];
        text_encode(code, piece);
        snprintf(expected, sizeof expected,
                 byte == '\n'             ? "\\n"
                 : byte == '\t'           ? "\\t"
                 : byte == '\r'           ? "\\r"
                 : byte > 0 && byte < 128 ? "%c"
                                          : "\\x%02X",
                 byte);
        const char *const pieces[] = {"Ġ", piece, NULL}, *const shown[] = {" ", expected, NULL};
        assert_shown(pieces, shown);
    }
}

static void blanks_of_sentencepiece(void **state)
{
    (void)state;
    static const char *const pieces[] = {"<s>", "▁Hel", "lo", "▁▁", "<0x0A>", "<0xE2>", "<0x41>", "▁", NULL};
    static const char *const shown[] = {"<s>", " Hel", "lo", "  ", "\\n", "\\xE2", "A", " ", NULL};
    assert_shown(pieces, shown);
}

static void insides_and_ends_of_words(void **state)
{
    (void)state;
    static const char *const pieces[] = {"[CLS]", "play", "##ing", "##", "####", NULL};
    static const char *const shown[] = {"[CLS]", "play", "ing", "##", "##", NULL};
    static const char *const ends[] = {"play", "ing</w>", "</w>", NULL};
    static const char *const shown_ends[] = {"play", "ing", "</w>", NULL};
    assert_shown(pieces, shown);
    assert_shown(ends, shown_ends);
}

static void words_stay_as_they_are(void **state)
{
    (void)state;
    static const char *const words[] = {"The", " cat", "été", "<0x41>", "", NULL};
    assert_shown(words, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_bpe),
        cmocka_unit_test(all_bytes_of_bpe),
        cmocka_unit_test(blanks_of_sentencepiece),
        cmocka_unit_test(insides_and_ends_of_words),
        cmocka_unit_test(words_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
