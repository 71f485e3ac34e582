/* Layouts: values get the colours, ticks and numbers that are due to them. */
#include "figures.h"

static void test_pooling_by_maximum_keeps_a_diagonal(void **state)
{
    (void)state;
    size_t n = 3000;
    float *diagonal = calloc(n * n, sizeof *diagonal);
    assert_non_null(diagonal);
    for (size_t i = 0; i < n; i++)
        diagonal[i * n + i] = 1;
    struct drawing drawing = drawing_of(1, n, n);
    maps[0].values = diagonal;
    for (int how = 0; how < 2; how++) {
        drawing.style.pool = how ? POOL_MEAN : POOL_MAX;
        assert_true(lay_out(&drawing));
        const struct figure_item *matrix = find_kind(FIGURE_MATRIX);
        assert_true(matrix->matrix.columns < n);
        for (size_t i = 0; i + 1 < matrix->matrix.rows; i++)
            assert_int_equal(figure.cells[i * matrix->matrix.columns + i], how ? 85 : 255);
        assert_int_equal(figure.cells[1], 0);
    }
    free(diagonal);
}

static void test_masked_and_nan_cells(void **state)
{
    (void)state;
    static const float few[] = {1, NAN, 0, 0.5f};
    static const uint8_t mask[] = {0, 0, 1, 0};
    struct drawing drawing = drawing_of(1, 2, 2);
    drawing.row_labels = drawing.column_labels = labels[2];
    assert_true(lay_out(&drawing));
    assert_null(find_text("masked"));
    assert_null(find_text("NaN"));
    maps[0].values = few;
    maps[0].masked = mask;
    assert_true(lay_out(&drawing));
    assert_int_equal(figure.cells[0], 255);
    assert_int_equal(figure.cells[1], FIGURE_NAN);
    assert_int_equal(figure.cells[2], FIGURE_MASKED);
    assert_int_equal(figure.cells[3], 128);
    assert_non_null(find_text("masked"));
    assert_non_null(find_text("NaN"));
    assert_non_null(find_text("0.50"));
    assert_null(find_text("0"));
}

/* In pooled blocks masked cells do not count, unless there are no others; NaN shows through. */
static void test_pooled_masks_and_nan(void **state)
{
    (void)state;
    size_t n = 2000;
    float *row = calloc(n, sizeof *row);
    uint8_t *mask = calloc(n, 1);
    assert_non_null(row);
    assert_non_null(mask);
    row[0] = 0.25f, row[1] = 1, mask[1] = 1; /* the mean is that of the first */
    row[2] = NAN;
    row[4] = NAN, mask[4] = 1;
    mask[6] = mask[7] = 1;
    struct drawing drawing = drawing_of(1, 1, n);
    maps[0].values = row;
    maps[0].masked = mask;
    drawing.style.pool = POOL_MEAN;
    assert_true(lay_out(&drawing));
    assert_int_equal(find_kind(FIGURE_MATRIX)->matrix.columns, 1000);
    assert_int_equal(figure.cells[0], 64);
    assert_int_equal(figure.cells[1], FIGURE_NAN);
    assert_int_equal(figure.cells[2], 0);
    assert_int_equal(figure.cells[3], FIGURE_MASKED);
    free(row);
    free(mask);
}

static void test_signed_data_are_centered(void **state)
{
    (void)state;
    static const float few[] = {-1, 0, 3, 1};
    struct drawing drawing = drawing_of(1, 2, 2);
    drawing.is_weight = false;
    drawing.is_signed = true;
    maps[0].values = few;
    for (int scale = 0; scale < 2; scale++) {
        drawing.style.scale = scale ? COLOR_SQRT : COLOR_LINEAR;
        drawing.style.has_vmin = drawing.style.has_vmax = false;
        assert_true(lay_out(&drawing));
        assert_int_equal(figure.cells[1], 128);
        assert_int_equal(figure.cells[2], 255);
        assert_true(figure.palette[128].r > 240 && figure.palette[128].b > 240);
        /* 0 keeps its colour also where the range is not symmetric */
        drawing.style.has_vmin = drawing.style.has_vmax = true;
        drawing.style.vmin = -1;
        drawing.style.vmax = 3;
        assert_true(lay_out(&drawing));
        struct color zero = figure.palette[figure.cells[1]];
        assert_true(zero.r > 235 && zero.b > 235);
    }
}

static void test_clamped_ends_are_marked(void **state)
{
    (void)state;
    struct drawing drawing = drawing_of(1, 30, 30);
    drawing.style.has_vmin = drawing.style.has_vmax = true;
    drawing.style.vmin = 0.2f;
    drawing.style.vmax = 0.63f;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("\u2265 0.63"));
    assert_non_null(find_text("\u2264 0.2"));
    drawing.style.vmin = -1;
    drawing.style.vmax = 2;
    assert_true(lay_out(&drawing));
    assert_null(find_text("\u2265 2"));
}

static void test_log_scale(void **state)
{
    (void)state;
    static const float few[] = {1, 0.001f, 0, 0.0316228f};
    struct drawing drawing = drawing_of(1, 2, 2);
    drawing.style.scale = COLOR_LOG;
    maps[0].values = few;
    assert_true(lay_out(&drawing));
    assert_int_equal(figure.cells[0], 255);
    assert_int_equal(figure.cells[1], 0);
    assert_int_equal(figure.cells[2], 0);
    assert_in_range(figure.cells[3], 127, 128);
    assert_non_null(find_text("0.01"));
}

/* Zeros had the colour of the smallest value, and the bar did not say so. */
static void test_log_scale_marks_what_lies_below_it(void **state)
{
    (void)state;
    static const float with_zero[] = {1, 0.001f, 0, 0.1f}, without[] = {1, 0.001f, 0.5f, 0.1f},
                       beyond[] = {1, 0.001f, 1e-9f, 0.1f}, negative[] = {1, 0.001f, -2, 0.1f};
    struct drawing drawing = drawing_of(1, 2, 2);
    drawing.style.scale = COLOR_LOG;
    drawing.style.annotate = ANNOTATE_OFF;
    maps[0].values = with_zero;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("\u2264 0.001"));
    maps[0].values = without;
    assert_true(lay_out(&drawing));
    assert_null(find_text("\u2264 0.001"));
    maps[0].values = beyond;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("\u2264 1e-6"));
    maps[0].values = negative;
    drawing.is_weight = false;
    drawing.style.has_vmin = true;
    drawing.style.vmin = 0.001f;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("\u2264 0.001"));
}

/* Scores below 0 all had the colour of the smallest above it, unless somebody asked for -12. */
static void test_bug_log_scale_hid_signs(void **state)
{
    (void)state;
    static const float few[] = {1, 0.001f, -2, 0.1f};
    struct drawing drawing = drawing_of(1, 2, 2);
    drawing.style.scale = COLOR_LOG;
    drawing.is_weight = false;
    drawing.is_signed = true;
    maps[0].values = few;
    assert_false(lay_out(&drawing));
    assert_string_equal(error.message, "a log colour scale cannot reach -2; it needs a range above 0");
}

/* --vmin 0 of signed data was a range of -1 to 1: what is not given is that of the data. */
static void test_bug_one_bound_of_signed_data_was_mirrored(void **state)
{
    (void)state;
    static const struct {
        bool has_vmin, has_vmax;
        float vmin, vmax;
        double low, high;
    } cases[] = {{false, false, 0, 0, -8, 8}, {true, false, 0, 0, 0, 8},    {true, false, -2, 0, -2, 8},
                 {false, true, 0, 0, -6, 0},  {false, true, 0, 2, -6, 2},   {true, false, 9, 0, 9, 18},
                 {true, true, -1, 4, -1, 4},  {false, true, 0, -8, -16, -8}};
    const struct extent extent = {.any = true, .low = -6, .high = 8, .positive = 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct drawing drawing = {.is_signed = true,
                                  .style = {.dpi_scale = 1,
                                            .has_vmin = cases[i].has_vmin,
                                            .has_vmax = cases[i].has_vmax,
                                            .vmin = cases[i].vmin,
                                            .vmax = cases[i].vmax}};
        struct scale scale;
        assert_true(scale_choose(&scale, &drawing, &extent, &error));
        assert_float_equal(scale.low, cases[i].low, 0);
        assert_float_equal(scale.high, cases[i].high, 0);
    }
}

/* Of 0, 16 and 15.9 the room was that of "16", which is whole, and "15.9" went beyond its cell. */
static void test_bug_numbers_between_whole_ends_went_beyond_their_cells(void **state)
{
    (void)state;
    static const float few[2][4] = {{0, 16, 15.9f, 0.1f}, {-1, 0, -0.9375f, 0.5f}};
    static const char *const widest[] = {"15.9", "\u22120.94"};
    for (size_t i = 0; i < 2; i++)
        for (size_t cell = 12; cell <= 56; cell++) {
            struct drawing drawing = drawing_of(1, 2, 2);
            drawing.is_weight = false;
            drawing.is_signed = true;
            drawing.style.cell = cell;
            maps[0].values = few[i];
            assert_true(lay_out(&drawing));
            const struct figure_item *text = find_text(widest[i]);
            assert_true(text || cell < 40);
            if (text)
                assert_true(typeset_width(font, widest[i], (double)text->text.size, &error) <
                            (double)cell - 4);
        }
}

/* Where ticks had just the room that they need, rounding left out every third or so. */
static void test_bug_ticks_were_left_out_by_rounding(void **state)
{
    (void)state;
    for (int most = 1; most < 40; most++)
        for (int parts = 2; parts < 20; parts++) {
            struct drawing drawing = {.style = {.dpi_scale = 1}};
            struct extent extent = {.any = true, .low = 0, .high = (float)most / 10};
            struct scale scale;
            struct tick ticks[SCALE_TICKS];
            assert_true(scale_choose(&scale, &drawing, &extent, &error));
            size_t count = scale_ticks(&scale, 1.0 / parts, ticks);
            for (size_t k = 2; k < count; k++)
                assert_float_equal(ticks[k].position - ticks[k - 1].position,
                                   ticks[1].position - ticks[0].position, 1e-6);
        }
}

static void test_values_and_positions(void **state)
{
    (void)state;
    static const enum color_scale kinds[] = {COLOR_LINEAR, COLOR_SQRT, COLOR_LOG};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct drawing drawing = {.is_signed = true, .style = {.dpi_scale = 1, .scale = kinds[k]}};
        struct extent extent = {
            .any = true, .low = kinds[k] == COLOR_LOG ? 0.25f : -3, .high = 8, .positive = 0.25f};
        struct scale scale;
        error = (struct error){0};
        assert_true(scale_choose(&scale, &drawing, &extent, &error));
        assert_float_equal(scale_value(&scale, 0), scale.low, 1e-12);
        assert_float_equal(scale_value(&scale, 1), scale.high, 1e-12);
        for (int i = 1; i < 20; i++)
            assert_float_equal(scale_position(&scale, scale_value(&scale, i / 20.0)), i / 20.0, 1e-12);
    }
}

static void test_ticks_are_round_numbers(void **state)
{
    (void)state;
    static const struct {
        float low, high;
        const char *tick;
    } ranges[] = {{0, 1, "0.2"},
                  {-3.7f, 3.7f, "\u22122"},
                  {1000, 1003, "1001"},
                  {0, 3e-7f, "1e-7"},
                  {-4e8f, 9e8f, "5e8"},
                  {0, 123456, "50000"},
                  {1e8f, 100000008, "100000002"},
                  {1e-5f, 1.0005e-5f, "1.0002e-5"}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct drawing drawing = {.style = {.dpi_scale = 1}};
        struct extent extent = {
            .any = true, .low = ranges[i].low, .high = ranges[i].high, .positive = ranges[i].high};
        struct scale scale;
        struct tick ticks[SCALE_TICKS];
        error = (struct error){0};
        assert_true(scale_choose(&scale, &drawing, &extent, &error));
        size_t count = scale_ticks(&scale, 0.2, ticks);
        assert_in_range(count, 2, 6);
        bool found = false;
        for (size_t k = 0; k < count; k++)
            for (size_t m = 0; m < k; m++)
                assert_string_not_equal(ticks[k].text, ticks[m].text);
        for (size_t k = 0; k < count; k++)
            found = found || strcmp(ticks[k].text, ranges[i].tick) == 0;
        if (!found)
            fail_msg("no tick at %s; the first is %s", ranges[i].tick, ticks[0].text);
    }
}

/* Many cells said 0.00 that held something. */
static void test_bug_small_numbers_were_zero(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *linear, *log;
    } cases[] = {{0.0031f, ".0031", ".0031"},   {0.0049999f, ".0050", ".0050"},
                 {0.0051f, "0.01", ".0051"},    {0.00031f, ".00031", ".00031"},
                 {3.1e-5f, "3.1e-5", "3.1e-5"}, {0.044f, "0.04", ".044"},
                 {0.31f, "0.31", "0.31"},       {1, "1", "1"},
                 {0.999f, "1.00", "1.00"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int log = 0; log < 2; log++) {
            float cells[] = {cases[i].value, 0.5f, 0.25f, 0.75f};
            struct drawing drawing = drawing_of(1, 2, 2);
            drawing.style.scale = log ? COLOR_LOG : COLOR_LINEAR;
            maps[0].values = cells;
            assert_true(lay_out(&drawing));
            if (!find_text(log ? cases[i].log : cases[i].linear))
                fail_msg("%g is not %s", (double)cases[i].value, log ? cases[i].log : cases[i].linear);
        }
    float scores[] = {3, -12, 1.5f, -0.004f};
    struct drawing drawing = drawing_of(1, 2, 2);
    drawing.is_weight = false;
    drawing.is_signed = true;
    maps[0].values = scores;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("3"));
    assert_non_null(find_text("\u221212"));
    assert_non_null(find_text("1.5"));
    assert_non_null(find_text("\u2212.0040"));
    drawing.style.cell = 24; /* no room for more than two digits */
    drawing.style.annotate = ANNOTATE_ON;
    assert_true(lay_out(&drawing));
    assert_null(find_text("\u2212.0040"));
    assert_non_null(find_text("0.0"));
}

/* Among cells of 0.00, one whose number is short said 7e-8, and looked the largest of them. */
static void test_bug_of_small_numbers_some_were_exact(void **state)
{
    (void)state;
    float cells[] = {7e-8f, 0.00031f, 0.25f, 0.75f};
    struct drawing drawing = drawing_of(1, 2, 2);
    maps[0].values = cells;
    drawing.style.cell = 36;
    assert_true(lay_out(&drawing));
    assert_null(find_text("7e-8"));
    assert_null(find_text(".00031"));
    assert_non_null(find_text("0.00"));
    cells[1] = 3e-9f;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("7e-8"));
    assert_non_null(find_text("3e-9"));
    cells[1] = 0.00031f;
    uint8_t masked[] = {0, 1, 0, 0};
    maps[0].masked = masked;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("7e-8"));
    maps[0].masked = NULL;
}

static void test_numbers_in_cells(void **state)
{
    (void)state;
    static const float few[] = {0.424f, 0.001f, 0, 1};
    struct drawing drawing = drawing_of(1, 2, 2);
    maps[0].values = few;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("0.42"));
    assert_non_null(find_text(".0010"));
    assert_non_null(find_text("1"));
    assert_int_equal(find_text("1")->color.r < 100, 1); /* dark on yellow */
    assert_int_equal(find_text(".0010")->color.r, 255); /* white on violet */
    drawing.style.annotate = ANNOTATE_OFF;
    assert_true(lay_out(&drawing));
    assert_null(find_text("0.42"));

    drawing = drawing_of(1, 90, 90);
    assert_true(lay_out(&drawing));
    assert_null(find_text("0.76"));
    drawing.style.annotate = ANNOTATE_ON; /* cells grow to hold them */
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("0.76"));
    drawing.style.cell = 5; /* unless they may not */
    assert_true(lay_out(&drawing));
    assert_null(find_text("0.76"));
}

/* Small weights on a scale to 1 are dark, and nothing said how large they are. */
static void test_bug_small_weights_had_no_measure(void **state)
{
    (void)state;
    static const float few[] = {0.13f, 0.02f, 0, 0.01f};
    struct drawing drawing = drawing_of(1, 2, 2);
    maps[0].values = few;
    drawing.style.cell = 150;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("attention weight (largest 0.13)"));
    drawing.style.cell = 60; /* where it does not fit */
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("attention weight"));
    drawing.style.cell = 150;
    drawing.style.has_vmax = true;
    drawing.style.vmax = 0.13f;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("attention weight"));
    drawing.note = "(largest of a patch 0.13)";
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("attention weight (largest of a patch 0.13)"));
}

/* The colour beside a line of the legend. */
static struct color legend_color(const char *text)
{
    const struct figure_item *item = &figure.items[figure.count - 1];
    while (item->kind != FIGURE_TEXT || strcmp(string_of(item), text) != 0 || item[-1].kind != FIGURE_RECT) {
        assert_true(item > figure.items + 1);
        item--;
    }
    return item[-1].color;
}

static void assert_same_color(struct color a, struct color b)
{
    assert_memory_equal(&a, &b, sizeof a);
}

static void test_legend_names_the_colors(void **state)
{
    (void)state;
    static const float few[] = {1, 1, NAN, 1};
    static const uint8_t masked[] = {0, 1, 0, 0};
    struct colormap map;
    assert_true(colormap_find(&map, colormap_default(COLORMAP_SEQUENTIAL), &error));
    struct drawing drawing = drawing_of(1, 2, 2);
    maps[0].values = few;
    maps[0].masked = masked;
    assert_true(lay_out(&drawing));
    assert_same_color(legend_color("masked"), map.masked);
    assert_same_color(legend_color("NaN"), map.nan);
    assert_same_color(figure.palette[FIGURE_MASKED], map.masked);
    assert_same_color(figure.palette[FIGURE_NAN], map.nan);
    assert_non_null(find_kind(FIGURE_RAMP));

    drawing.is_flag = true;
    drawing.measure = "allowed";
    assert_true(lay_out(&drawing));
    assert_same_color(legend_color("allowed"), map.colors[255]);
    assert_same_color(legend_color("masked"), map.masked);
    assert_null(find_kind(FIGURE_RAMP));

    maps[0].masked = NULL;
    assert_true(lay_out(&drawing));
    assert_null(find_text("masked"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pooling_by_maximum_keeps_a_diagonal),
        cmocka_unit_test(test_masked_and_nan_cells),
        cmocka_unit_test(test_pooled_masks_and_nan),
        cmocka_unit_test(test_signed_data_are_centered),
        cmocka_unit_test(test_clamped_ends_are_marked),
        cmocka_unit_test(test_log_scale),
        cmocka_unit_test(test_log_scale_marks_what_lies_below_it),
        cmocka_unit_test(test_bug_log_scale_hid_signs),
        cmocka_unit_test(test_bug_one_bound_of_signed_data_was_mirrored),
        cmocka_unit_test(test_values_and_positions),
        cmocka_unit_test(test_ticks_are_round_numbers),
        cmocka_unit_test(test_bug_numbers_between_whole_ends_went_beyond_their_cells),
        cmocka_unit_test(test_bug_ticks_were_left_out_by_rounding),
        cmocka_unit_test(test_bug_small_numbers_were_zero),
        cmocka_unit_test(test_bug_of_small_numbers_some_were_exact),
        cmocka_unit_test(test_numbers_in_cells),
        cmocka_unit_test(test_bug_small_weights_had_no_measure),
        cmocka_unit_test(test_legend_names_the_colors),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
