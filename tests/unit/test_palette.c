/* Pictures in 256 colours: what is exact, what is near, and what is left as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paint/png_palette.h"

enum { WIDEST = 40, HIGHEST = 8 };

/* Rows as png_encode takes them; `count` colours, in runs and in rows that repeat as those of cells do. */
static void paint(uint8_t *rows, int width, int height, int count, unsigned seed)
{
    size_t stride = (size_t)width * 3 + 1;
    srand(seed);
    for (int y = 0; y < height; y++) {
        uint8_t *row = rows + (size_t)y * stride;
        if (y > 0 && rand() % 2) {
            memcpy(row, row - stride, stride);
            continue;
        }
        for (int x = 0; x < width; x++) {
            int color = rand() % count;
            uint8_t pixel[3] = {(uint8_t)(color * 37), (uint8_t)(color * 101 + 5), (uint8_t)(color / 7 * 11)};
            memcpy(row + 1 + 3 * x, x > 0 && rand() % 2 ? row + 3 * x - 2 : pixel, 3);
        }
    }
}

static int apart(uint8_t a, uint8_t b)
{
    return a > b ? a - b : b - a;
}

/* How far the colours of a picture are from those it had, in the channel where they differ most. */
/* As a picture is encoded. */
static bool apply(struct palette *palette, uint8_t *rows, int width, int height, int within)
{
    struct picture_colors *colors = calloc(1, sizeof *colors);
    const bool fits = palette_find(colors, rows, width, height) && palette_fit(palette, colors, within);
    if (fits)
        palette_write(colors, rows, width, height);
    free(colors);
    return fits;
}

static int largest_error(const struct palette *palette, const uint8_t *indexes, const uint8_t *pixels,
                         int width, int height)
{
    int most = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            struct color got = palette->colors[indexes[y * (width + 1) + 1 + x]];
            const uint8_t *want = pixels + y * (width * 3 + 1) + 1 + 3 * x;
            int errors[3] = {apart(got.r, want[0]), apart(got.g, want[1]), apart(got.b, want[2])};
            for (int i = 0; i < 3; i++)
                most = errors[i] > most ? errors[i] : most;
        }
    return most;
}

/* Every width around the blocks that are compared, and every height around the rows that are not. */
static void test_few_colors_are_exact(void **state)
{
    (void)state;
    static uint8_t rows[HIGHEST * (WIDEST * 3 + 1)], before[sizeof rows];
    for (int width = 1; width <= WIDEST; width++)
        for (int height = 1; height <= HIGHEST; height++) {
            struct palette palette = {0};
            paint(rows, width, height, 100, (unsigned)(width * height));
            memcpy(before, rows, sizeof rows);
            assert_true(palette_keep(&palette, (struct color){1, 2, 3}));
            assert_true(apply(&palette, rows, width, height, 0));
            assert_int_equal(largest_error(&palette, rows, before, width, height), 0);
        }
}

/* A row of 1,000 blues and reds, and another of greys and of a colour that is kept. */
static void test_greys_and_kept_colors_are_exact(void **state)
{
    (void)state;
    enum { WIDTH = 1000, ROW = WIDTH * 3 + 1 };
    static uint8_t rows[2 * ROW], before[sizeof rows];
    for (int x = 0; x < WIDTH; x++) {
        uint8_t blend[3] = {(uint8_t)(x % 32 * 2), 0, (uint8_t)(x / 32 * 2 + 100)};
        uint8_t gray[3] = {(uint8_t)(x % 64 * 3), (uint8_t)(x % 64 * 3), (uint8_t)(x % 64 * 3)};
        static const uint8_t kept[3] = {3, 0, 101};
        memcpy(rows + 1 + 3 * x, blend, 3);
        memcpy(rows + ROW + 1 + 3 * x, x % 2 ? gray : kept, 3);
    }
    memcpy(before, rows, sizeof rows);

    struct palette palette = {0};
    assert_true(palette_keep(&palette, (struct color){3, 0, 101}));
    assert_false(apply(&palette, rows, WIDTH, 2, 1));
    assert_memory_equal(rows, before, sizeof rows);

    palette.count = 1;
    assert_true(apply(&palette, rows, WIDTH, 2, 8));
    assert_int_equal(palette.count, PALETTE_MOST);
    assert_in_range(largest_error(&palette, rows, before, WIDTH, 2), 2, 8);
    assert_int_equal(largest_error(&palette, rows + WIDTH + 1, before + ROW, WIDTH, 1), 0);
}

static void test_what_has_no_room(void **state)
{
    (void)state;
    struct palette palette = {0};
    for (int i = 0; i < PALETTE_MOST; i++)
        for (int again = 0; again < 2; again++)
            assert_true(palette_keep(&palette, (struct color){(uint8_t)i, 1, 2}));
    assert_false(palette_keep(&palette, (struct color){1, 1, 1}));
    uint8_t row[4] = {0, 1, 1, 1};
    assert_false(apply(&palette, row, 1, 1, 255)); /* a grey */
    row[1] = 2;
    assert_true(apply(&palette, row, 1, 1, 1));

    enum { WIDTH = 5000 }; /* colours, more than are looked at */
    static uint8_t rows[WIDTH * 3 + 1], before[sizeof rows];
    for (int x = 0; x < WIDTH; x++) {
        rows[1 + 3 * x] = (uint8_t)x;
        rows[2 + 3 * x] = (uint8_t)(x / 256 + 1);
    }
    memcpy(before, rows, sizeof rows);
    palette.count = 0;
    assert_false(apply(&palette, rows, WIDTH, 1, 255));
    assert_memory_equal(rows, before, sizeof rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_colors_are_exact),
        cmocka_unit_test(test_greys_and_kept_colors_are_exact),
        cmocka_unit_test(test_what_has_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
