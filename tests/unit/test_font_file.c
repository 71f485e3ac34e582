/* The font that a user names (figure/font_file.h): which texts are set in it, in which order, and what broken ones do. DejaVu Sans,
 * of which the build knows where it lies, is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "figure/font.h"
#include "figure/font_file.h"
#include "figure/label.h"
#include "figure/typeset.h"

static struct font_file file;
static struct font *font;
static struct error error;

static int open_font(void **state)
{
    (void)state;
    if (!font_file_is_known())
        return 0;
    return font_file_read(&file, ATTN_FONT_SANS, &error) && (font = font_open(&file, &error)) ? 0 : -1;
}

static int close_font(void **state)
{
    (void)state;
    font_close(font);
    font_file_free(&file);
    return 0;
}

/* What a text was set to: the faces of its glyphs, and their places. */
struct set {
    size_t count, boxes;
    int face[64], glyph[64];
    float x[64];
};

static bool set_take(void *context, const struct typeset_mark *mark, struct error *ignored)
{
    (void)ignored;
    struct set *set = context;
    set->boxes += mark->box;
    if (!mark->box && set->count < 64) {
        set->face[set->count] = mark->face;
        set->glyph[set->count] = mark->glyph;
        set->x[set->count++] = mark->x;
    }
    return true;
}

static double set_text(const char *text, struct set *set)
{
    double width = -1;
    *set = (struct set){0};
    assert_true(typeset_text(font, text, 20, set_take, set, &width, &error));
    return width;
}

static void skip_without_libraries(void)
{
    if (!font_file_is_known()) {
        print_message("attn was built without FreeType and HarfBuzz: skipped\n");
        skip();
    }
}

static void test_family_is_known(void **state)
{
    (void)state;
    skip_without_libraries();
    assert_string_equal(file.family, "DejaVu Sans");
}

/* FreeType's and HarfBuzz's glyphs and widths of Arabic are those that FriBidi and stb_truetype find in the same font. */
static void test_arabic_is_shaped_alike(void **state)
{
    (void)state;
    skip_without_libraries();
    static const char text[] = "\u0633\u0644\u0627\u0645 \u0628\u0628";
    struct set own, built_in;
    const double width = set_text(text, &own);
    struct font *user = font;
    font = font_open(NULL, &error);
    assert_non_null(font);
    const double wanted = set_text(text, &built_in);
    assert_int_equal(own.count, built_in.count);
    for (size_t i = 0; i < own.count; i++) {
        assert_int_equal(own.face[i], FONT_OWN);
        assert_int_equal(built_in.face[i], 0);
        assert_float_equal(own.x[i], built_in.x[i], 0.1);
    }
    assert_float_equal(width, wanted, 0.1);
    struct font_bitmap a, b;
    int face, alef;
    assert_true(font_find(font, 0x5D0, &face, &alef));
    assert_true(font_glyph(user, FONT_OWN, alef, 40, 2, &a, &error));
    assert_true(font_glyph(font, face, alef, 40, 2, &b, &error));
    assert_in_range(a.width - b.width + 1, 0, 2);
    assert_in_range(a.top - b.top + 1, 0, 2);
    assert_false(a.is_colored);
    long ink[2] = {0};
    for (int i = 0; i < a.width * a.height; i++)
        ink[0] += a.coverage[i];
    for (int i = 0; i < b.width * b.height; i++)
        ink[1] += b.coverage[i];
    assert_true(labs(ink[0] - ink[1]) < ink[1] / 20);
    font_close(font);
    font = user;
}

static void test_latin_and_numbers_keep_the_built_in_font(void **state)
{
    (void)state;
    skip_without_libraries();
    struct set set;
    set_text("caf\u00E9 0.5 \u00D7 \u03B1\u0416\u2026", &set);
    assert_true(set.count > 10);
    for (size_t i = 0; i < set.count; i++)
        assert_int_equal(set.face[i], 0);
    /* beside Arabic, of which the font has all, they are in one font with it */
    set_text("a1 \u0633", &set);
    for (size_t i = 0; i < set.count; i++)
        assert_int_equal(set.face[i], FONT_OWN);
}

/* What the font lacks stands in its place in the built-in ones, and in a box where these lack it too. */
static void test_runs_of_several_fonts_are_in_visual_order(void **state)
{
    (void)state;
    skip_without_libraries();
    struct set set, alef, bet;
    set_text("\u05D0", &alef);
    set_text("\u05D1", &bet);
    set_text("ab \u05D0\u05D1 \u4E2D", &set);
    assert_int_equal(set.count, 7);
    static const int faces[] = {0, 0, 0, FONT_OWN, FONT_OWN, 0, 1};
    for (size_t i = 0; i < set.count; i++) {
        assert_int_equal(set.face[i], faces[i]);
        assert_true(i == 0 || set.x[i] > set.x[i - 1]);
    }
    assert_int_equal(set.glyph[3], bet.glyph[0]);
    assert_int_equal(set.glyph[4], alef.glyph[0]);
    /* read from right to left, the first character stands at the right end, and numbers run rightward */
    set_text("\u05D0 12 \u4E2D", &set);
    assert_int_equal(set.count, 6);
    assert_int_equal(set.face[0], 1);
    assert_int_equal(set.face[5], FONT_OWN);
    set_text("\u05D0 \u0928", &set);
    assert_int_equal(set.boxes, 1);
    bool own[TYPESET_CHARACTERS];
    assert_int_equal(typeset_fonts(font, "a\u05D0\u4E2D", own), 3);
    assert_true(!own[0] && own[1] && !own[2]);
    assert_int_equal(typeset_fonts(font, "abc", own), 0);
}

static void test_cut_labels_fit(void **state)
{
    (void)state;
    skip_without_libraries();
    char shown[LABEL_SIZE];
    for (double width = 0; width < 90; width += 3) {
        assert_true(label_show(shown, "\u0633\u0644\u0627\u0645 \u0628\u0628 and more", true, font, 12, width,
                               &error));
        assert_true(typeset_width(font, shown, 12, &error) <= width + 1e-9);
    }
}

/* A copy of the font with some bytes changed, or cut: set and rendered, or an error that names it. */
static bool broken_font(const char *bytes, size_t size)
{
    char name[] = "broken.ttf";
    struct font_file broken = {.source = {.name = name, .data = (char *)bytes, .size = size}};
    struct error failure = {0};
    struct font *opened = font_open(&broken, &failure);
    double width;
    bool ok = opened;
    static const char *const texts[] = {"\u0633\u0644\u0627\u0645\u064E", "\u05D0\u05D1\u05B8",
                                        "\u0531\u10D0\u0E81"};
    for (size_t t = 0; ok && t < sizeof texts / sizeof *texts; t++) {
        struct set set = {0};
        ok = typeset_text(opened, texts[t], 20, set_take, &set, &width, &failure);
        for (size_t i = 0; ok && i < set.count; i++) {
            struct font_bitmap bitmap;
            ok = font_glyph(opened, set.face[i], set.glyph[i], 20, 0, &bitmap, &failure);
        }
    }
    if (!ok) {
        assert_int_equal(failure.kind, ERROR_INPUT);
        assert_ptr_equal(strstr(failure.message, "broken.ttf: "), failure.message);
        assert_non_null(strstr(failure.message, "expected"));
    }
    font_close(opened);
    return ok;
}

static void test_broken_fonts_are_errors(void **state)
{
    (void)state;
    skip_without_libraries();
    const size_t size = file.source.size;
    char *copy = malloc(size);
    uint32_t chance = 1;
    size_t drawn = 0;
    assert_non_null(copy);
    enum { ROUNDS = 200 };
    for (int round = 0; round < ROUNDS; round++) {
        memcpy(copy, file.source.data, size);
        size_t length = size;
        for (int i = 0; i < (round % 2 ? 2000 : 2); i++) {
            chance = chance * 1664525 + 1013904223;
            const size_t within = round % 2 ? size : 512; /* the tables that others are found by */
            copy[(chance >> 8) % within] = (char)(chance >> 3);
        }
        if (round % 8 == 7)
            length = (chance >> 4) % size;
        drawn += broken_font(copy, length);
    }
    free(copy);
    assert_in_range(drawn, ROUNDS / 20, ROUNDS - ROUNDS / 20);
}

/* Freed with all that it holds; the file is told from one that is none. */
static void test_what_is_no_font_is_named(void **state)
{
    (void)state;
    skip_without_libraries();
    struct font_file none = {0};
    struct error failure = {0};
    assert_false(font_file_read(&none, __FILE__, &failure));
    assert_int_equal(failure.kind, ERROR_INPUT);
    assert_non_null(
        strstr(failure.message, "test_font_file.c: this is no font: expected a TrueType or OpenType font"));
    font_file_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_family_is_known),
        cmocka_unit_test(test_arabic_is_shaped_alike),
        cmocka_unit_test(test_latin_and_numbers_keep_the_built_in_font),
        cmocka_unit_test(test_runs_of_several_fonts_are_in_visual_order),
        cmocka_unit_test(test_cut_labels_fit),
        cmocka_unit_test(test_broken_fonts_are_errors),
        cmocka_unit_test(test_what_is_no_font_is_named),
    };
    return cmocka_run_group_tests(tests, open_font, close_font);
}
