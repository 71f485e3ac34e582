/* Shaping and glyphs of the built-in fonts, and the cutting of labels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "figure/font.h"
#include "figure/label.h"
#include "figure/typeset.h"

static struct font *font;
static struct error error;

static int open_font(void **state)
{
    (void)state;
    font = font_open(NULL, &error);
    return font ? 0 : -1;
}

static int close_font(void **state)
{
    (void)state;
    font_close(font);
    return 0;
}

/* What a text was shaped to. */
struct taken {
    size_t boxes, glyphs;
    int glyph[64];
    float x[64];
};

static bool take(void *context, const struct typeset_mark *mark, struct error *ignored)
{
    (void)ignored;
    struct taken *taken = context;
    if (mark->box) {
        taken->boxes++;
    } else if (taken->glyphs < 64) {
        taken->glyph[taken->glyphs] = mark->glyph;
        taken->x[taken->glyphs++] = mark->x;
    }
    return true;
}

static double shape(const char *text, struct taken *taken)
{
    double width = -1;
    *taken = (struct taken){0};
    assert_true(typeset_text(font, text, 20, take, taken, &width, &error));
    return width;
}

/* A glyph without ink, the first of a font, has an empty bitmap in memory. */
static void test_a_blank_may_come_first(void **state)
{
    (void)state;
    struct font *fresh = font_open(NULL, &error);
    struct font_bitmap bitmap;
    int face, glyph;
    assert_non_null(fresh);
    assert_true(font_find(fresh, ' ', &face, &glyph));
    assert_true(font_glyph(fresh, face, glyph, 20, 0, &bitmap, &error));
    assert_int_equal(bitmap.width * bitmap.height, 0);
    assert_non_null(bitmap.coverage);
    font_close(fresh);
}

static void test_widths_add_up(void **state)
{
    (void)state;
    struct taken taken;
    double a = shape("a", &taken), b = shape("b", &taken);
    assert_true(a > 5 && a < 20);
    assert_float_equal(shape("ab", &taken), a + b, 1e-9);
    assert_float_equal(typeset_width(font, "ab", 40, &error), 2 * (a + b), 1e-3);
    assert_float_equal(shape("", &taken), 0, 0);
}

static void test_missing_character_is_a_box_with_its_code(void **state)
{
    (void)state;
    struct taken rocket, digits;
    double width = shape("\U0001F680", &rocket);
    assert_int_equal(rocket.boxes, 1);
    assert_int_equal(rocket.glyphs, 6);
    assert_true(width > 20);
    shape("01F680", &digits);
    assert_memory_equal(rocket.glyph, digits.glyph, 6 * sizeof(int));
    /* a control's symbol shows the control's code */
    shape("\u241B", &rocket);
    shape("001B", &digits);
    assert_int_equal(rocket.boxes, 1);
    assert_memory_equal(rocket.glyph, digits.glyph, 4 * sizeof(int));
}

static void test_chinese_comes_from_the_fallback_font(void **state)
{
    (void)state;
    struct taken taken;
    assert_float_equal(shape("中文", &taken), 40, 1);
    assert_int_equal(taken.boxes, 0);
    assert_int_equal(taken.glyphs, 2);
}

static void test_joiners_and_selectors_draw_nothing(void **state)
{
    (void)state;
    struct taken taken;
    assert_float_equal(shape("\u200D\uFE0E\uFE0F", &taken), 0, 0);
    assert_int_equal(taken.boxes + taken.glyphs, 0);
}

static void test_hebrew_is_in_visual_order(void **state)
{
    (void)state;
    struct taken logical, alef, bet;
    shape("\u05D0\u05D1", &logical);
    shape("\u05D0", &alef);
    shape("\u05D1", &bet);
    assert_int_equal(logical.glyph[0], bet.glyph[0]);
    assert_int_equal(logical.glyph[1], alef.glyph[0]);
    assert_true(logical.x[1] > logical.x[0]);
}

static void test_arabic_letters_are_joined(void **state)
{
    (void)state;
    struct taken joined, single, ligature, form;
    shape("\u0628\u0628", &joined);
    shape("\u0628", &single);
    assert_int_equal(joined.glyphs, 2);
    assert_int_not_equal(joined.glyph[0], single.glyph[0]);
    assert_int_not_equal(joined.glyph[1], joined.glyph[0]);
    shape("\u0644\u0627", &ligature);
    shape("\uFEFB", &form);
    assert_int_equal(ligature.glyphs, 1);
    assert_int_equal(ligature.glyph[0], form.glyph[0]);
}

static void test_arabic_marks_stand_over_their_letters(void **state)
{
    (void)state;
    struct taken taken;
    double width = shape("\u0628\u064E", &taken), left = taken.x[0];
    assert_int_equal(taken.glyphs, 2);
    struct font_bitmap mark;
    assert_true(font_glyph(font, 0, taken.glyph[1], 20, 0, &mark, &error));
    double middle = (double)taken.x[1] + mark.left + mark.width / 2.0;
    assert_float_equal(middle, (left + width) / 2, 1);
}

/* An override would turn round what follows it; it is seen, and does nothing. */
static void test_direction_override_has_no_effect(void **state)
{
    (void)state;
    struct taken plain, attacked;
    shape("ab\u05D0", &plain);
    shape("\u202Eab\u05D0", &attacked);
    assert_int_equal(attacked.boxes, 1);
    assert_memory_equal(attacked.glyph + 4, plain.glyph, 3 * sizeof(int));
}

static void test_glyphs_have_ink_at_any_size(void **state)
{
    (void)state;
    struct taken taken;
    shape("M", &taken);
    const double sizes[] = {4, 12, 160};
    for (size_t i = 0; i < 3; i++)
        for (int quarter = 0; quarter < 4; quarter++) {
            struct font_bitmap bitmap;
            assert_true(font_glyph(font, 0, taken.glyph[0], sizes[i], quarter, &bitmap, &error));
            assert_true(bitmap.width > 0 && bitmap.height > 0);
            unsigned long ink = 0;
            for (int k = 0; k < bitmap.width * bitmap.height; k++)
                ink += bitmap.coverage[k];
            assert_true(ink > 100);
        }
}

static bool render(void *context, const struct typeset_mark *mark, struct error *failure)
{
    struct font_bitmap bitmap;
    size_t *count = context;
    ++*count;
    return font_glyph(font, mark->face, mark->glyph, (double)mark->size, 0, &bitmap, failure);
}

/* Chinese characters of up to 48 strokes, larger than any text of a picture. */
static void test_intricate_glyphs_are_drawn(void **state)
{
    (void)state;
    double width;
    size_t count = 0;
    assert_true(typeset_text(font, "龘龖鬱驫籲\uFDFA\u0390", 400, render, &count, &width, &error));
    assert_true(count >= 7);
}

/* More glyphs than the table begins with; the first is still what it was. */
static void test_many_glyphs_are_kept(void **state)
{
    (void)state;
    struct font_bitmap first, again;
    assert_true(font_glyph(font, 0, 40, 13, 0, &first, &error));
    int width = first.width;
    uint8_t *copy = malloc((size_t)(first.width * first.height));
    assert_non_null(copy);
    memcpy(copy, first.coverage, (size_t)(first.width * first.height));
    for (int glyph = 1; glyph < 600; glyph++)
        assert_true(font_glyph(font, 0, glyph, 13, glyph % 4, &again, &error));
    assert_true(font_glyph(font, 0, 40, 13, 0, &again, &error));
    assert_int_equal(again.width, width);
    assert_memory_equal(copy, again.coverage, (size_t)(again.width * again.height));
    free(copy);
}

static void check_label(const char *text, double width, const char *wanted)
{
    char shown[LABEL_SIZE];
    assert_true(label_show(shown, text, true, font, 12, width, &error));
    assert_string_equal(shown, wanted);
}

static void test_blanks_and_controls_are_shown(void **state)
{
    (void)state;
    check_label(" em", 500, "\u00B7em");
    check_label("a b  ", 500, "a b\u00B7\u00B7");
    check_label("a\n\tb", 500, "a\u21B5\u2192b");
    check_label("\x1b"
                "[m" TEXT_NUL,
                500, "\u241B[m\u2400");
    check_label("\u202Ex\u2028\x7f", 500, "\\u{202E}x\\u{2028}\\u{7F}");
    check_label("a\xffz", 500, "a\uFFFDz");
    check_label("", 500, "");
}

static void test_labels_are_cut_to_their_width(void **state)
{
    (void)state;
    char shown[LABEL_SIZE];
    for (double width = 0; width < 200; width += 3) {
        assert_true(label_show(shown, "incomprehensibilities, 中文字, שלום", true, font, 12, width, &error));
        assert_true(typeset_width(font, shown, 12, &error) <= width + 1e-9);
    }
    check_label("abc", 3, "");
    check_label("incomprehensibilities", 13, "\u2026");
    check_label("iiiiiiiiii", 20, "ii\u2026");
}

/* At every width what is left of the text ends where a character with its marks ends. */
static void check_cuts(const char *text, const char *const *pieces)
{
    for (double width = 0; width < 150; width += 1) {
        char shown[LABEL_SIZE], wanted[LABEL_SIZE] = "";
        assert_true(label_show(shown, text, false, font, 12, width, &error));
        size_t length = strlen(shown);
        bool matches = length == 0 || strcmp(shown, text) == 0;
        for (size_t i = 0; !matches; i++) {
            matches = length == strlen(wanted) + 3 && memcmp(shown, wanted, length - 3) == 0 &&
                      strcmp(shown + length - 3, "\u2026") == 0;
            if (!matches && !pieces[i])
                fail_msg("'%s' was cut to '%s'", text, shown);
            if (pieces[i])
                strcat(wanted, pieces[i]);
        }
    }
}

static void test_labels_are_not_cut_inside_characters(void **state)
{
    (void)state;
    check_cuts("e\u0301\u0302x\u0303o\u0308a\u0300",
               (const char *const[]){"e\u0301\u0302", "x\u0303", "o\u0308", "a\u0300", NULL});
    check_cuts("\U0001F468\u200D\U0001F469\u200D\U0001F467\u2764\uFE0F\U0001F44D\U0001F3FD",
               (const char *const[]){"\U0001F468\u200D\U0001F469\u200D\U0001F467", "\u2764\uFE0F",
                                     "\U0001F44D\U0001F3FD", NULL});
    check_cuts("\u0928\u092E\u0938\u094D\u0924\u0947",
               (const char *const[]){"\u0928", "\u092E", "\u0938\u094D\u0924\u0947", NULL});
    check_cuts("\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7",
               (const char *const[]){"\U0001F1E9\U0001F1EA", "\U0001F1EB\U0001F1F7", NULL});
}

static void test_huge_label_is_cut(void **state)
{
    (void)state;
    size_t length = 1 << 20;
    char *text = malloc(length + 1), shown[LABEL_SIZE], second[LABEL_SIZE];
    assert_non_null(text);
    memset(text, 'i', length);
    text[length] = '\0';
    assert_true(label_show(shown, text, true, font, 12, 1e9, &error));
    assert_true(strlen(shown) < LABEL_SIZE);
    assert_string_equal(shown + strlen(shown) - 3, "\u2026");
    assert_true(label_wrap(shown, second, text, font, 12, 100, &error));
    assert_string_equal(second + strlen(second) - 3, "\u2026");
    /* all of the longest replacements */
    for (size_t i = 0; i + 3 <= length; i += 3)
        memcpy(text + i, "\u202E", 3);
    assert_true(label_show(shown, text, true, font, 12, 1e9, &error));
    free(text);
}

static void test_titles_wrap_at_spaces(void **state)
{
    (void)state;
    char first[LABEL_SIZE], second[LABEL_SIZE];
    assert_true(label_wrap(first, second, "one two three four", font, 12, 80, &error));
    assert_string_equal(first, "one two");
    assert_string_equal(second, "three four");
    assert_true(label_wrap(first, second, "one", font, 12, 80, &error));
    assert_string_equal(first, "one");
    assert_string_equal(second, "");
}

/* The x of the first glyph of `text` that looks like the one of `character`. */
static float place_of(const char *text, const char *character)
{
    struct taken taken, one;
    shape(character, &one);
    shape(text, &taken);
    for (size_t i = 0; i < taken.glyphs; i++)
        if (taken.glyph[i] == one.glyph[0])
            return taken.x[i];
    fail_msg("'%s' has no '%s'", text, character);
    return 0;
}

/* The second line began a paragraph of its own, in the direction of whatever came first there. */
static void test_second_line_keeps_the_direction_of_the_text(void **state)
{
    (void)state;
    char first[LABEL_SIZE], second[LABEL_SIZE];
    assert_true(label_wrap(first, second, "\u05E9\u05DC\u05D5\u05DD \u05E2\u05D5\u05DC\u05DD abc \u05D0",
                           font, 12, 75, &error));
    assert_non_null(strstr(second, "abc"));
    assert_true(place_of(second, "\u05D0") < place_of(second, "a"));
    assert_true(label_wrap(first, second, "attention \u05D0\u05D1 xyz", font, 12, 75, &error));
    assert_non_null(strstr(second, "xyz"));
    assert_true(place_of(second, "\u05D0") < place_of(second, "x"));
}

/* What was left of "12 " before Hebrew stood as if it were English, with the ellipsis to its right. */
static void test_ellipsis_stands_at_the_logical_end(void **state)
{
    (void)state;
    char shown[LABEL_SIZE];
    const char *text = "12 \u05E9\u05DC\u05D5\u05DD\u05E9\u05DC\u05D5\u05DD";
    for (double width = 25; width < 60; width += 5) {
        assert_true(label_show(shown, text, false, font, 12, width, &error));
        assert_true(place_of(shown, "\u2026") < place_of(shown, "1"));
    }
    assert_true(label_show(shown, "ab \u05E9\u05DC\u05D5\u05DD\u05E9\u05DC\u05D5\u05DD", false, font, 12, 50,
                           &error));
    assert_true(place_of(shown, "\u2026") > place_of(shown, "\u05E9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_blank_may_come_first),
        cmocka_unit_test(test_widths_add_up),
        cmocka_unit_test(test_missing_character_is_a_box_with_its_code),
        cmocka_unit_test(test_chinese_comes_from_the_fallback_font),
        cmocka_unit_test(test_joiners_and_selectors_draw_nothing),
        cmocka_unit_test(test_hebrew_is_in_visual_order),
        cmocka_unit_test(test_arabic_letters_are_joined),
        cmocka_unit_test(test_arabic_marks_stand_over_their_letters),
        cmocka_unit_test(test_direction_override_has_no_effect),
        cmocka_unit_test(test_glyphs_have_ink_at_any_size),
        cmocka_unit_test(test_intricate_glyphs_are_drawn),
        cmocka_unit_test(test_many_glyphs_are_kept),
        cmocka_unit_test(test_blanks_and_controls_are_shown),
        cmocka_unit_test(test_labels_are_cut_to_their_width),
        cmocka_unit_test(test_labels_are_not_cut_inside_characters),
        cmocka_unit_test(test_huge_label_is_cut),
        cmocka_unit_test(test_titles_wrap_at_spaces),
        cmocka_unit_test(test_second_line_keeps_the_direction_of_the_text),
        cmocka_unit_test(test_ellipsis_stands_at_the_logical_end),
    };
    return cmocka_run_group_tests(tests, open_font, close_font);
}
