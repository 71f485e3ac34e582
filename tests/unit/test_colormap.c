/* Colour maps against published colours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/words.h"
#include "figure/colormap.h"

static void find(struct colormap *map, const char *name)
{
    struct error error = {0};
    assert_true(colormap_find(map, name, &error));
    assert_int_equal(error.kind, ERROR_NONE);
}

static void assert_color(struct color color, int r, int g, int b)
{
    assert_in_range(color.r, r > 0 ? r - 1 : 0, r + 1);
    assert_in_range(color.g, g > 0 ? g - 1 : 0, g + 1);
    assert_in_range(color.b, b > 0 ? b - 1 : 0, b + 1);
}

/* First, middle (entry 128) and last colour as matplotlib 3.6 has them. */
static void test_anchors(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int colors[3][3];
    } anchors[] = {
        {"viridis", {{68, 1, 84}, {33, 145, 140}, {253, 231, 37}}},
        {"magma", {{0, 0, 4}, {183, 55, 121}, {252, 253, 191}}},
        {"inferno", {{0, 0, 4}, {188, 55, 84}, {252, 255, 164}}},
        {"plasma", {{13, 8, 135}, {204, 71, 120}, {240, 249, 33}}},
        {"cividis", {{0, 34, 78}, {125, 124, 120}, {254, 232, 56}}},
        {"gray", {{0, 0, 0}, {128, 128, 128}, {255, 255, 255}}},
        {"RdBu_r", {{5, 48, 97}, {247, 246, 246}, {103, 0, 31}}},
        {"coolwarm", {{59, 76, 192}, {221, 220, 220}, {180, 4, 38}}},
    };
    for (size_t i = 0; i < sizeof anchors / sizeof *anchors; i++) {
        struct colormap map;
        find(&map, anchors[i].name);
        for (int k = 0; k < 3; k++)
            assert_color(map.colors[k == 2 ? 255 : k * 128], anchors[i].colors[k][0], anchors[i].colors[k][1],
                         anchors[i].colors[k][2]);
    }
}

static void test_names_are_found(void **state)
{
    (void)state;
    struct colormap map;
    for (size_t i = 0; colormap_names[i]; i++)
        find(&map, colormap_names[i]);
    find(&map, COLORMAP_OVER_IMAGE);
    assert_string_equal(colormap_default(COLORMAP_SEQUENTIAL), "viridis");
    assert_string_equal(colormap_default(COLORMAP_DIVERGING), "RdBu_r");
}

static void test_words_are_the_names(void **state)
{
    (void)state;
    size_t count = 0;
    for (int length; colormap_names[count]; count++) {
        const char *word = words_at(colormap_words, (int)count, &length);
        assert_int_equal(length, strlen(colormap_names[count]));
        assert_memory_equal(word, colormap_names[count], length);
        assert_int_equal(words_find(colormap_words, colormap_names[count]), count);
    }
    size_t blanks = 0;
    for (const char *at = colormap_words; *at; at++)
        blanks += *at == ' ';
    assert_int_equal(blanks + 1, count);
}

/* How light a colour looks, about (ITU-R BT.601). */
static int lightness(struct color color)
{
    return 299 * color.r + 587 * color.g + 114 * color.b;
}

/* A diverging map is lightest in the middle, and no other is; the others get lighter all the way. */
static void test_kinds(void **state)
{
    (void)state;
    size_t diverging = 0;
    for (size_t i = 0; colormap_names[i]; i++) {
        struct colormap map;
        find(&map, colormap_names[i]);
        int middle = lightness(map.colors[128]),
            ends[] = {lightness(map.colors[0]), lightness(map.colors[255])};
        assert_int_equal(map.kind == COLORMAP_DIVERGING, middle > ends[0] && middle > ends[1]);
        diverging += map.kind == COLORMAP_DIVERGING;
        for (int k = 0; k < 255 && map.kind == COLORMAP_SEQUENTIAL; k++)
            assert_true(lightness(map.colors[k + 1]) >= lightness(map.colors[k]) - 1500);
    }
    assert_in_range(diverging, 1, 7);
}

static void test_unknown_name_gets_a_suggestion(void **state)
{
    (void)state;
    struct colormap map;
    struct error error = {0};
    assert_false(colormap_find(&map, "virids", &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_non_null(strstr(error.message, "'viridis'"));
    error = (struct error){0};
    assert_false(colormap_find(&map, "xyzzyxyzzyxyzzy", &error));
    char list[WORDS_LIST], whole[WORDS_LIST + 100];
    words_list(list, colormap_words, "and");
    snprintf(whole, sizeof whole, "there is no colour map 'xyzzyxyzzyxyzzy'; there are %s", list);
    assert_string_equal(error.message, whole);
}

static int distance(struct color a, struct color b)
{
    return abs(a.r - b.r) + abs(a.g - b.g) + abs(a.b - b.b);
}

/* Masked and NaN cells cannot be taken for a value of any map, nor for each other. */
static void test_special_colors_stand_apart(void **state)
{
    (void)state;
    for (size_t i = 0; colormap_names[i]; i++) {
        struct colormap map;
        find(&map, colormap_names[i]);
        assert_true(distance(map.masked, map.nan) > 100);
        for (int k = 0; k < 256; k++) {
            assert_true(distance(map.colors[k], map.masked) >= 50);
            assert_true(distance(map.colors[k], map.nan) >= 80);
        }
    }
}

static void test_colors_between(void **state)
{
    (void)state;
    struct colormap map;
    find(&map, "gray");
    assert_int_equal(colormap_at(&map, -1).r, 0);
    assert_int_equal(colormap_at(&map, 2).r, 255);
    assert_in_range(colormap_at(&map, 0.5).r, 127, 128);
    find(&map, colormap_default(COLORMAP_DIVERGING));
    assert_true(colormap_at(&map, 0.1).b > colormap_at(&map, 0.1).r);
    assert_true(colormap_at(&map, 0.9).r > colormap_at(&map, 0.9).b);
}

static void test_text_on_colors(void **state)
{
    (void)state;
    assert_true(color_is_light((struct color){253, 231, 37}));
    assert_false(color_is_light((struct color){68, 1, 84}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_anchors),
        cmocka_unit_test(test_names_are_found),
        cmocka_unit_test(test_words_are_the_names),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_unknown_name_gets_a_suggestion),
        cmocka_unit_test(test_special_colors_stand_apart),
        cmocka_unit_test(test_colors_between),
        cmocka_unit_test(test_text_on_colors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
