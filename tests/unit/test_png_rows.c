/* Rows of a figure as the compressed data of a PNG: what libdeflate makes of them are the rows again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libdeflate.h>

#include "base/out.h"
#include "paint/huffman.h"
#include "paint/png_rows.h"

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)seed * below >> 32);
}

/* What a PNG reader does to rows of one byte a pixel (PNG 9.2); only these filters are used. */
static void unfilter(uint8_t *rows, size_t stride, size_t height)
{
    for (size_t y = 0; y < height; y++) {
        uint8_t *row = rows + y * stride;
        assert_true(row[0] == 0 || (row[0] == 2 && y > 0));
        for (size_t x = 1; row[0] == 2 && x < stride; x++)
            row[x] = (uint8_t)(row[x] + row[x - stride]);
    }
}

static void collect(void *context, const uint8_t *bytes, size_t size)
{
    out_bytes(context, bytes, size);
}

/* Compresses `rows`, which stay as they are, and returns how many bytes it took. */
static size_t assert_comes_back(const uint8_t *rows, size_t stride, size_t height)
{
    size_t size = stride * height, decompressed;
    uint8_t *copy = malloc(size), *back = malloc(size);
    memcpy(copy, rows, size);
    struct error error = {0};
    struct out out;
    out_begin(&out, -1, "memory");
    assert_true(png_rows_compress(copy, stride, height, collect, &out, &error));
    const size_t compressed = out.size;
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    assert_int_equal(
        libdeflate_zlib_decompress(decompressor, out.data, compressed, back, size, &decompressed),
        LIBDEFLATE_SUCCESS);
    assert_int_equal(decompressed, size);
    unfilter(back, stride, height);
    for (size_t y = 0; y < height; y++)
        assert_memory_equal(back + y * stride + 1, rows + y * stride + 1, stride - 1);
    libdeflate_free_decompressor(decompressor);
    out_free(&out);
    free(copy);
    free(back);
    return compressed;
}

/* Cells of `colors` colours, `cell` pixels wide and high, with a pixel here and there that is none of them. */
static void fill(uint8_t *rows, size_t stride, size_t height, size_t cell, uint32_t colors, uint32_t odd)
{
    for (size_t y = 0; y < height; y++)
        for (size_t x = 1; x < stride; x++)
            if (odd > 0 && draw(odd) == 0)
                rows[y * stride + x] = (uint8_t)draw(256);
            else if (y % cell > 0)
                rows[y * stride + x] = rows[(y - 1) * stride + x];
            else if ((x - 1) % cell > 0)
                rows[y * stride + x] = rows[y * stride + x - 1];
            else
                rows[y * stride + x] = (uint8_t)draw(colors);
}

static void test_rows_come_back(void **state)
{
    (void)state;
    static const size_t widths[] = {1,   2,   3,   7,   8,   15,  16,  17,  33,   255,
                                    256, 257, 258, 259, 260, 261, 262, 700, 40000};
    static const size_t cells[] = {1, 2, 3, 4, 5, 6, 7, 20, 300};
    static const uint32_t colors[] = {1, 2, 3, 130, 256}, odds[] = {0, 500, 30};
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        for (size_t c = 0; c < sizeof cells / sizeof *cells; c++)
            for (size_t k = 0; k < sizeof colors / sizeof *colors; k++)
                for (size_t o = 0; o < sizeof odds / sizeof *odds; o++) {
                    size_t stride = widths[w] + 1, height = 1 + draw(widths[w] > 1000 ? 3 : 40);
                    uint8_t *rows = calloc(stride, height);
                    fill(rows, stride, height, cells[c], colors[k], odds[o]);
                    assert_comes_back(rows, stride, height);
                    free(rows);
                }
}

/* Blocks of 32,768 tokens: some more and fewer, and exactly as many. The first byte is the row's filter. */
static void test_blocks_end_anywhere(void **state)
{
    (void)state;
    enum { MOST = 3 * 32768 + 2 };
    uint8_t *row = calloc(MOST + 1, 1);
    for (size_t x = 1; x <= MOST; x++) /* neither runs nor copies */
        row[x] = (uint8_t)(draw(2) ? x * 37 + draw(5) : draw(256));
    for (size_t blocks = 1; blocks <= 3; blocks++)
        for (size_t width = blocks * 32768 - 3; width <= blocks * 32768 + 2; width++)
            assert_comes_back(row, width + 1, 1);
    free(row);
}

/* Copies come from 32,768 bytes before and no further. */
static void test_copies_come_from_the_window(void **state)
{
    (void)state;
    enum { COPY = 200, MOST = 32768 + 8 + COPY };
    uint8_t *row = calloc(MOST + 1, 1);
    size_t sizes[16];
    for (size_t gap = 0; gap < 16; gap++) {
        size_t distance = 32768 - 8 + gap;
        for (size_t x = 1; x <= MOST; x++)
            row[x] = (uint8_t)(x / 4096 * 2 + x % 2);
        for (size_t x = 1; x <= COPY; x++)
            row[x] = row[x + distance] = (uint8_t)(x * x * 31 >> 3);
        sizes[gap] = assert_comes_back(row, distance + COPY + 1, 1);
    }
    assert_true(sizes[8] < sizes[9]); /* a copy, and bytes */
    free(row);
}

/* A row that is the one above it takes no more than a few bytes, however long; cells take two or three. */
static void test_what_repeats_takes_little(void **state)
{
    (void)state;
    enum { WIDTH = 1200, HEIGHT = 900, CELL = 30, CELLS = WIDTH / CELL * (HEIGHT / CELL) };
    uint8_t *rows = calloc(WIDTH + 1, HEIGHT);
    fill(rows, WIDTH + 1, HEIGHT, CELL, 200, 0);
    assert_true(assert_comes_back(rows, WIDTH + 1, HEIGHT) < 3 * CELLS + 4 * HEIGHT);
    memset(rows, 7, (size_t)(WIDTH + 1) * HEIGHT);
    assert_true(assert_comes_back(rows, WIDTH + 1, HEIGHT) < 7 * HEIGHT / 2);
    free(rows);
}

/* The filter that leaves fewer changes, also in rows with more changes than a byte counts in each of 16 lanes. */
static void test_rows_have_the_filter_that_serves(void **state)
{
    (void)state;
    enum { WIDTH = 16 * 256 + 1, STRIDE = WIDTH + 1 };
    uint8_t rows[2 * STRIDE] = {0};
    for (size_t x = 1; x <= WIDTH; x++)
        rows[x] = (uint8_t)(draw(255) + 1 + rows[x - 1]);
    for (size_t x = 1; x <= WIDTH; x++)
        rows[STRIDE + x] = (uint8_t)(rows[x] + x / 100 * 5);
    assert_true(assert_comes_back(rows, STRIDE, 2) < WIDTH + 600);
    memset(rows + STRIDE, 9, STRIDE);
    assert_true(assert_comes_back(rows, STRIDE, 2) < WIDTH + 300);
}

/* A block of copies from everywhere takes many bits a token. */
static void test_copies_from_everywhere(void **state)
{
    (void)state;
    enum { FRESH = 30000, COPIES = 70000, MOST = FRESH + COPIES * 256 };
    uint8_t *row = calloc(MOST + 1, 1);
    size_t end = 1;
    for (; end <= FRESH; end++)
        row[end] = (uint8_t)draw(256);
    for (int copy = 0; copy < COPIES; copy++) {
        size_t length = 6 + draw(250);
        memcpy(row + end, row + end - 1000 - draw(FRESH - 1000), length);
        end += length;
    }
    assert_comes_back(row, end, 1);
    free(row);
}

/* Bits that all uses take, and Kraft's sum, which is 2^15 for a code that leaves no bits unused. */
static uint64_t assert_is_code(const uint32_t *uses, int count, int longest)
{
    struct huffman code;
    huffman_make(&code, uses, count, longest);
    uint64_t bits = 0;
    uint32_t kraft = 0;
    int used = 0;
    for (int i = 0; i < count; i++) {
        assert_int_equal(code.length[i] > 0, uses[i] > 0);
        assert_true(code.length[i] <= longest);
        kraft += code.length[i] > 0 ? 1u << (15 - code.length[i]) : 0;
        bits += (uint64_t)uses[i] * code.length[i];
        used += uses[i] > 0;
        for (int j = 0; j < i; j++) /* no code begins with another */
            if (code.length[i] > 0 && code.length[j] > 0) {
                int shorter = code.length[i] < code.length[j] ? code.length[i] : code.length[j];
                assert_true(((code.bits[i] ^ code.bits[j]) & ((1u << shorter) - 1)) != 0);
            }
    }
    assert_int_equal(kraft, used == 0 ? 0 : used == 1 ? 1u << 14 : 1u << 15);
    return bits;
}

/* Of least bits: their sum is that of all inner nodes of the tree, each the sum of the two least that are left. */
static uint64_t fewest_bits(const uint32_t *uses, int count)
{
    uint64_t left[HUFFMAN_SYMBOLS], bits = 0;
    int n = 0;
    for (int i = 0; i < count; i++)
        if (uses[i] > 0)
            left[n++] = uses[i];
    for (; n > 1; n--) {
        for (int round = 0; round < 2; round++) { /* the least to the end */
            int least = 0;
            for (int i = 0; i < n - round; i++)
                least = left[i] < left[least] ? i : least;
            uint64_t other = left[n - 1 - round];
            left[n - 1 - round] = left[least];
            left[least] = other;
        }
        left[n - 2] += left[n - 1];
        bits += left[n - 2];
    }
    return bits;
}

static void test_codes_have_the_fewest_bits(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        uint32_t uses[HUFFMAN_SYMBOLS] = {0};
        int count = 2 + (int)draw(HUFFMAN_SYMBOLS - 1);
        for (int i = 0; i < count; i++)
            uses[i] = draw(3) > 0 ? 1 + draw(1u << draw(12)) : 0;
        uses[0] = uses[1] = 1;
        assert_int_equal(assert_is_code(uses, count, 15), fewest_bits(uses, count));
        assert_true(assert_is_code(uses, count, 9) >= fewest_bits(uses, count));
    }
    uint32_t none[3] = {0}, one[3] = {0, 5, 0};
    assert_int_equal(assert_is_code(none, 3, 15), 0);
    assert_int_equal(assert_is_code(one, 3, 15), 5);
}

/* Uses that grow as Fibonacci's numbers make the longest codes. */
static void test_codes_are_no_longer_than_told(void **state)
{
    (void)state;
    uint32_t uses[30] = {1, 1};
    for (int i = 2; i < 30; i++)
        uses[i] = uses[i - 1] + uses[i - 2];
    for (int longest = 5; longest <= 15; longest++)
        assert_true(assert_is_code(uses, 30, longest) > fewest_bits(uses, 30));
    assert_int_equal(assert_is_code(uses, 16, 15), fewest_bits(uses, 16));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_come_back),
        cmocka_unit_test(test_blocks_end_anywhere),
        cmocka_unit_test(test_copies_come_from_the_window),
        cmocka_unit_test(test_what_repeats_takes_little),
        cmocka_unit_test(test_rows_have_the_filter_that_serves),
        cmocka_unit_test(test_copies_from_everywhere),
        cmocka_unit_test(test_codes_have_the_fewest_bits),
        cmocka_unit_test(test_codes_are_no_longer_than_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
