/* Decimal text and float32, both ways, against the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>
#include <math.h>

#include "base/number_read.h"
#include "base/number_write.h"

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Reads the text from memory that ends where it ends, so that a byte too far is seen. */
static void check_read(const char *text)
{
    size_t length = strlen(text);
    char *exact = malloc(length);
    assert_non_null(exact);
    memcpy(exact, text, length);
    float value = 7, wanted = strtof(text, NULL);
    const char *end = number_read(exact, exact + length, &value);
    if (end != exact + length || bits_of(value) != bits_of(wanted))
        fail_msg("%.60s: %zu of %zu bytes, %a, expected %a", text, end ? (size_t)(end - exact) : 0, length,
                 (double)value, (double)wanted);
    free(exact);
}

static void reads_what_strtof_reads(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "0.0",
        "-0.0e5",
        "0e999999999999999999999",
        "1",
        "-1",
        "10",
        "0.1",
        "1e0",
        "1E+2",
        "1e-2",
        "3.4028234663852886e38",
        "3.4028235e38",
        "3.4028236e38",
        "340282356779733661637539395458142568447",
        "340282356779733661637539395458142568448",
        "1e39",
        "-1e400",
        "1e99999999999999999999",
        "1.17549435e-38",
        "1.1754943e-38",
        "1.1754942807573643e-38",
        "1e-45",
        "7.0064923216240854e-46",
        "7."
        "0064923216240853546186479164495806564013097093825788587853414194489554134293030074331909418106079101"
        "5625e-46",
        "7.0064923216240853e-46",
        "1e-46",
        "-1e-400",
        "1e-99999999999999999999",
        "16777217",
        "16777219",
        "16777217.000000000000000000000000000000000001",
        "16777216.999999999999999999999999999999999999",
        "9007199791611905",
        "12345678901234567890",
        "123456789012345678901234567890",
        "0.000000000000000000000000001234",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999",
        "9999999999999999999e-19",
        "0.3000000119209289550781250000001",
        "8388608.5",
        "8388609.5",
        "1.00000005960464477539062500",
        "1.00000005960464477539062501",
        "1.00000005960464477539062499",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_read(texts[i]);
}

static void reads_thousands_of_digits(void **state)
{
    (void)state;
    /* 1 + 2^-24, the middle between two floats, with a 1 very far behind it, or nothing. */
    enum { SIZE = 5000 };
    char text[SIZE + 1];
    const char *middle = "1.000000059604644775390625";
    memset(text, '0', SIZE);
    memcpy(text, middle, strlen(middle));
    text[SIZE] = 0;
    check_read(text);
    float value;
    number_read(text, text + SIZE, &value);
    assert_true(value == 1);
    text[SIZE - 1] = '1';
    check_read(text);
    number_read(text, text + SIZE, &value);
    assert_true(value > 1);

    /* Zeros before and behind, undone by the exponent. */
    memset(text, '0', SIZE);
    text[1] = '.';
    memcpy(text + SIZE - 7, "25e4990", 7);
    check_read(text);
    memset(text, '0', SIZE);
    memcpy(text, "25", 2);
    memcpy(text + SIZE - 6, "e-4990", 6);
    check_read(text);
}

static void reads_no_more_than_a_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int strict, loose; /* bytes read, -1: none */
    } cases[] = {
        {"", -1, -1},         {"-", -1, -1},       {"+1", -1, 2},   {".5", -1, 2},  {"5.", -1, 2},
        {"1.e3", -1, 4},      {"1e", -1, -1},      {"1e+", -1, -1}, {"01", 1, 2},   {"1,2", 1, 1},
        {"1.5.5", 3, 3},      {".", -1, -1},       {"-.", -1, -1},  {"nan", -1, 3}, {"-Infinity", -1, 9},
        {"INFix", -1, 3},     {"in", -1, -1},      {"0x10", 1, 1},  {" 1", -1, -1}, {"--1", -1, -1},
        {"123456789/", 9, 9}, {"12345678:", 8, 8}, {"1e5e", 3, 3},  {"e5", -1, -1}, {"-.e1", -1, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text, *end = text + strlen(text);
        float value;
        const char *strict = number_read(text, end, &value),
                   *loose = number_read_loose(text, end, '.', &value);
        if ((strict ? strict - text : -1) != cases[i].strict || (loose ? loose - text : -1) != cases[i].loose)
            fail_msg("\"%s\": %td and %td", text, strict ? strict - text : -1, loose ? loose - text : -1);
    }
    float value;
    const char *text = "-iNf";
    number_read_loose(text, text + 4, '.', &value);
    assert_true(isinf(value) && value < 0);
    text = "NaN";
    number_read_loose(text, text + 3, '.', &value);
    assert_true(isnan(value));
}

static void stops_at_the_end(void **state)
{
    (void)state;
    const char *text = "12345678";
    for (int length = 1; length <= 8; length++) {
        float value;
        assert_ptr_equal(number_read(text, text + length, &value), text + length);
        assert_true(value == (float)(12345678 / (int)(pow(10, 8 - length) + 0.5)));
    }
}

/* Whether no decimal with fewer digits reads back, and none as short lies nearer. */
static void check_shortest(uint32_t bits)
{
    float value = float_of(bits), back = 0;
    char text[NUMBER_SIZE + 1], tried[64], ours[64], theirs[64];
    size_t length = number_write(text, value);
    assert_true(length <= NUMBER_SIZE);
    text[length] = 0;
    if (number_read(text, text + length, &back) != text + length || bits_of(back) != bits)
        fail_msg("%08x is written %s and read %a", bits, text, (double)back);
    for (int digits = 0; digits < 9; digits++) {
        snprintf(tried, sizeof tried, "%.*e", digits, (double)value);
        if (bits_of(strtof(tried, NULL)) == bits)
            break;
    }
    const char *sources[2] = {text, tried};
    char *to[2] = {ours, theirs};
    for (int i = 0; i < 2; i++) {
        size_t count = 0;
        for (const char *p = sources[i]; *p && *p != 'e'; p++)
            if (*p >= '0' && *p <= '9' && (count || *p != '0'))
                to[i][count++] = *p;
        while (count && to[i][count - 1] == '0')
            count--;
        to[i][count] = 0;
    }
    /* Ours may be shorter: above a power of two the nearest decimal of some length may lie outside where the
     * next is in. */
    if (strlen(ours) > strlen(theirs) || (strlen(ours) == strlen(theirs) && strcmp(ours, theirs) != 0))
        fail_msg("%08x is written %s, but %s is enough", bits, text, tried);
}

static void writes_the_shortest(void **state)
{
    (void)state;
    for (uint32_t bits = 1; bits < 0x7f800000; bits += 20011)
        check_shortest(bits);
    /* Both sides of every power of two, where the distance of floats changes, and the smallest of all. */
    for (uint32_t exponent = 1; exponent < 255; exponent++)
        for (uint32_t step = 0; step < 5; step++)
            check_shortest((exponent << 23) - 2 + step);
    for (uint32_t bits = 1; bits < 300; bits++)
        check_shortest(bits);
}

static void reads_near_every_middle(void **state)
{
    (void)state;
    char text[200];
    for (uint32_t bits = 1; bits < 0x7f7fffff; bits += 70001) {
        double low = float_of(bits), middle = (low + (double)float_of(bits + 1)) / 2;
        snprintf(text, sizeof text, "%.120g", middle);
        check_read(text);
        snprintf(text, sizeof text, "%.17g", nextafter(middle, 1e300));
        check_read(text);
        snprintf(text, sizeof text, "%.17g", nextafter(middle, 0));
        check_read(text);
        snprintf(text, sizeof text, "%.60f", middle);
        check_read(text);
        snprintf(text, sizeof text, "%.8e", low);
        check_read(text);
    }
}

static void writes_in_the_style_of_python(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0f, "-0"},
        {1, "1"},
        {-1.5f, "-1.5"},
        {0.1f, "0.1"},
        {123456, "123456"},
        {1e-4f, "0.0001"},
        {1e-5f, "1e-05"},
        {1.5e-7f, "1.5e-07"},
        {1e15f, "1000000000000000"},
        {1e16f, "1e+16"},
        {1.25e16f, "1.25e+16"},
        {16777216, "16777216"},
        {3.4028235e38f, "3.4028235e+38"},
        {1e-45f, "1e-45"},
        {0.33333334f, "0.33333334"},
        {1.17549435e-38f, "1.1754944e-38"},
        {-0.00123f, "-0.00123"},
        {12.5f, "12.5"},
        {9.5367431640625e-07f, "9.536743e-07"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[NUMBER_SIZE + 1];
        text[number_write(text, cases[i].value)] = 0;
        assert_string_equal(text, cases[i].text);
    }
}

/* The first of the numbers that are too large, whatever the order in which they were read. */
static void notes_what_is_too_large(void **state)
{
    (void)state;
    static const char text[] = "1e39 3.4028235e38 -1e400 inf 3.4028236e38";
    const char *const end = text + strlen(text);
    float value;
    number_take_overflow(NULL);
    assert_ptr_equal(number_read(text + 5, end, &value), text + 17);
    assert_ptr_equal(number_read_loose(text + 25, end, '.', &value), text + 28);
    bool named;
    assert_null(number_take_overflow(&named));
    assert_true(named);
    number_read(text + 18, end, &value);
    assert_true(value == -INFINITY);
    assert_ptr_equal(number_take_overflow(NULL), text + 19);
    assert_null(number_take_overflow(NULL));
    number_read_loose(text + 18, end, '.', &value);
    number_read_loose(text, end, '.', &value);
    assert_ptr_equal(number_take_overflow(NULL), text);
    number_read(text, end, &value);
    number_read(text + 18, end, &value);
    assert_ptr_equal(number_take_overflow(&named), text);
    assert_false(named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_what_is_too_large),   cmocka_unit_test(reads_what_strtof_reads),
        cmocka_unit_test(reads_thousands_of_digits), cmocka_unit_test(reads_no_more_than_a_number),
        cmocka_unit_test(stops_at_the_end),          cmocka_unit_test(writes_the_shortest),
        cmocka_unit_test(reads_near_every_middle),   cmocka_unit_test(writes_in_the_style_of_python),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
