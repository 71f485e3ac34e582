/* Layouts of many panels, and of little room: cells stay square, panels keep their names. */
#include "figures.h"

static const char *layers[40], *heads[40];

/* A grid of layers and heads as a model has them; `titles` also for its rows and columns. */
static struct drawing overview_of(size_t down, size_t across, size_t rows, size_t columns, bool titles)
{
    static char names[1280][48], words[2][40][24];
    struct drawing drawing = drawing_of(down * across, rows, columns);
    for (size_t i = 0; i < down * across; i++) {
        snprintf(names[i], sizeof names[i], "L%zu H%zu", i / across, i % across);
        maps[i].title = names[i];
    }
    for (size_t i = 0; i < 40; i++) {
        snprintf(words[0][i], sizeof words[0][i], "L%zu", i);
        snprintf(words[1][i], sizeof words[1][i], "H%zu", i);
        layers[i] = words[0][i];
        heads[i] = words[1][i];
    }
    drawing.across = across;
    drawing.row_titles = titles ? layers : NULL;
    drawing.column_titles = titles ? heads : NULL;
    drawing.row_labels = drawing.column_labels = labels[0];
    return drawing;
}

static void check_square(const char *what)
{
    const struct figure_item *matrix = find_kind(FIGURE_MATRIX);
    double width = (double)matrix->width / (double)matrix->matrix.columns;
    double height = (double)matrix->height / (double)matrix->matrix.rows;
    if (fabs(width - height) > 1e-3)
        fail_msg("%s: cells of %g times %g", what, width, height);
}

/* Panels for which there was little room became strips a few pixels wide and 56 high, their keys merged. */
static void test_panels_are_not_squeezed(void **state)
{
    (void)state;
    static const size_t shapes[][5] = {{12, 12, 6, 6, 400}, {40, 32, 4, 4, 0},   {1, 2, 6, 6, 200},
                                       {12, 12, 8, 6, 400}, {6, 8, 15, 15, 300}, {3, 4, 37, 30, 300}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct drawing drawing =
            overview_of(shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3], shapes[i][0] > 1);
        drawing.style.width = shapes[i][4];
        drawing.across = shapes[i][0] > 1 ? drawing.across : 0;
        assert_true(lay_out(&drawing));
        char what[40];
        snprintf(what, sizeof what, "shape %zu", i);
        check_square(what);
        const struct figure_item *matrix = find_kind(FIGURE_MATRIX);
        size_t factor = (drawing.rows + matrix->matrix.rows - 1) / matrix->matrix.rows;
        assert_int_equal((drawing.columns + factor - 1) / factor, matrix->matrix.columns);
        if (drawing.rows <= 15)
            assert_int_equal(matrix->matrix.columns, drawing.columns);
    }
}

/* 284 of 400 pixels were used. */
static void test_given_width_is_used(void **state)
{
    (void)state;
    struct drawing drawing = overview_of(12, 12, 6, 6, true);
    drawing.style.width = 400;
    assert_true(lay_out(&drawing));
    assert_in_range((unsigned)figure.width, 370, 400);
    drawing = drawing_of(2, 6, 6); /* not side by side: there is more room below */
    drawing.style.width = 200;
    assert_true(lay_out(&drawing));
    assert_true(find_kind(FIGURE_MATRIX)->width >= 60);
}

/* Small panels had cut names or none. */
static void test_small_panels_share_titles(void **state)
{
    (void)state;
    struct drawing drawing = overview_of(12, 12, 6, 6, true);
    drawing.style.width = 400;
    assert_true(lay_out(&drawing));
    const struct figure_item *layer = find_text("L7"), *head = find_text("H11");
    assert_non_null(layer);
    assert_non_null(head);
    assert_null(find_text("L7 H11"));
    const struct figure_item *matrix = find_kind(FIGURE_MATRIX);
    assert_true(layer->x <= matrix->x && head->y <= matrix->y);
    size_t seen = 0;
    for (size_t i = 0; i < figure.count; i++) {
        const struct figure_item *item = &figure.items[i];
        if (item->kind != FIGURE_MATRIX || seen++ != 7 * 12 + 11)
            continue;
        assert_in_range((unsigned)layer->y, (unsigned)item->y, (unsigned)(item->y + item->height + 2));
        assert_in_range((unsigned)head->x, (unsigned)item->x, (unsigned)(item->x + item->width + 2));
    }
    drawing = overview_of(3, 12, 6, 6, true); /* these are large enough, and not so many */
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("L2 H11"));
    assert_null(find_text("H11"));
    drawing = overview_of(40, 32, 4, 4, true);
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("L39"));
    assert_non_null(find_text("H31"));
}

/* 144 panels had a title and thinned labels each, and 16 pixels between them. */
static void test_bug_an_overview_was_mostly_titles(void **state)
{
    (void)state;
    for (size_t n = 6; n <= 300; n += 49) {
        struct drawing drawing = overview_of(12, 12, n, n, true);
        assert_true(lay_out(&drawing));
        assert_true(figure.width <= 1240);
        assert_non_null(find_text("L11"));
        assert_non_null(find_text("H11"));
        assert_null(find_text("L0 H0"));
        assert_true((find_text(labels[0][0]) != NULL) == (n == 6)); /* there each label has its cell */
        const struct figure_item *before = NULL, *matrix = NULL;
        for (size_t i = 0; i < figure.count && !before; i++) {
            if (figure.items[i].kind != FIGURE_MATRIX)
                continue;
            before = matrix;
            matrix = &figure.items[i];
        }
        const float gap = matrix->x - before->x - before->width;
        assert_true(gap >= 2 && gap <= 4);
        /* One more pixel a cell would not fit. */
        assert_true(12 * (matrix->width + (float)matrix->matrix.columns + gap) > 1240 - 200);
    }
}

/* The right and lower edge of everything. */
static void check_inside(float width, float height)
{
    assert_float_equal(figure.width, width, 0);
    assert_float_equal(figure.height, height, 0);
    for (size_t i = 0; i < figure.count; i++) {
        const struct figure_item *item = &figure.items[i];
        assert_true(item->x >= 0 && item->y >= 0);
        assert_true(item->x + item->width <= width && item->y + item->height <= height);
    }
}

static void test_a_page_is_filled_exactly(void **state)
{
    (void)state;
    static const size_t shapes[][3] = {{1, 1, 6},   {1, 1, 37},   {1, 1, 1024}, {12, 12, 12},
                                       {2, 6, 300}, {12, 12, 64}, {3, 4, 37},   {1, 5, 12}};
    static const struct drawing_style pages[] = {{.page = {1920, 1080}, .dpi_scale = 1},
                                                 {.page = {1921, 1081}, .dpi_scale = 2},
                                                 {.page = {900, 1600}, .dpi_scale = 1},
                                                 {.page = {800, 600}, .dpi_scale = 1.5}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t p = 0; p < sizeof pages / sizeof *pages; p++) {
            struct drawing drawing =
                overview_of(shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][2], shapes[i][0] > 1);
            drawing.across = shapes[i][0] > 1 ? drawing.across : 0;
            drawing.style = pages[p];
            if (!lay_out(&drawing))
                fail_msg("shape %zu, page %zu: %s", i, p, error.message);
            check_inside((float)pages[p].page[0], (float)pages[p].page[1]);
            check_square("page");
        }
}

/* As large as fit: one pixel more a cell, or one cell less pooled, would not. */
static void test_a_page_has_panels_as_large_as_fit(void **state)
{
    (void)state;
    struct drawing drawing = drawing_of(1, 6, 6);
    drawing.style.page[0] = 1920;
    drawing.style.page[1] = 1080;
    assert_true(lay_out(&drawing));
    assert_true(find_kind(FIGURE_MATRIX)->height >= 960); /* of 1080, with a title and names */
    drawing = drawing_of(12, 300, 300);
    drawing.across = 6;
    drawing.style.page[0] = 1920;
    drawing.style.page[1] = 1080;
    assert_true(lay_out(&drawing)); /* four panels a row are larger than six */
    assert_true(find_kind(FIGURE_MATRIX)->height >= 270);
    drawing.style.page[0] = 200;
    drawing.style.page[1] = 90;
    assert_false(lay_out(&drawing));
    drawing.style.page[0] = 1920;
    drawing.style.cell = 5;
    assert_false(lay_out(&drawing));
    assert_int_equal(error.kind, ERROR_USAGE);
}

static bool has_beginning(const char *beginning)
{
    for (size_t i = 0; i < figure.count; i++)
        if (figure.items[i].kind == FIGURE_TEXT &&
            strncmp(string_of(&figure.items[i]), beginning, strlen(beginning)) == 0)
            return true;
    return false;
}

/* A bar to the quantile marks its top; the line below a dim figure fits however narrow it is. */
static void test_dim_weights_are_told_of_at_any_width(void **state)
{
    (void)state;
    static float even[300 * 300];
    for (size_t i = 0; i < 300 * 300; i++)
        even[i] = i % 300 == 0 ? 0.01f : 0.99f / 299;
    for (size_t width = 0; width < 900; width += 300)
        for (size_t n = 200; n <= 300; n += 100) {
            struct drawing drawing = drawing_of(1, 300, n);
            maps[0].values = even;
            maps[0].stride = 300;
            drawing.style.width = width;
            assert_true(lay_out(&drawing));
            assert_true(n == 300 ? figure.dim == 0 : figure.dim > 0.95);
            if (n == 300 && width == 0) /* pooled, the quantile is the largest */
                assert_true(has_beginning("\u2265 "));
            assert_true(has_beginning(n == 300 ? "colours end" : "100 %") || has_beginning("99.5 %"));
            assert_false(has_beginning("\u2026"));
            drawing.style.has_vmax = true;
            drawing.style.vmax = 1;
            assert_true(lay_out(&drawing));
            assert_true(figure.dim == 0);
        }
}

/* Its tick stood there alone. */
static void test_bug_the_last_number_was_missing(void **state)
{
    (void)state;
    struct drawing drawing = drawing_of(6, 1024, 1024);
    drawing.across = 6;
    assert_true(lay_out(&drawing));
    size_t count = 0;
    for (size_t i = 0; i < figure.count; i++)
        count += figure.items[i].kind == FIGURE_TEXT && strcmp(string_of(&figure.items[i]), "1000") == 0;
    assert_int_equal(count, 6 + 1); /* below each panel, and beside the first */
}

/* Those of columns were cut sooner. */
static void test_bug_long_labels_were_cut_in_two_ways(void **state)
{
    (void)state;
    static const char *const long_ones[] = {"a label that is long enough to be cut", "b", "c"};
    struct drawing drawing = drawing_of(1, 3, 3);
    drawing.row_labels = drawing.column_labels = long_ones;
    assert_true(lay_out(&drawing));
    size_t count = 0;
    const char *first = NULL;
    for (size_t i = 0; i < figure.count; i++) {
        const struct figure_item *item = &figure.items[i];
        if (item->kind != FIGURE_TEXT || strncmp(string_of(item), "a label", 7) != 0)
            continue;
        first = first ? first : string_of(item);
        assert_string_equal(string_of(item), first);
        assert_non_null(strstr(string_of(item), "\u2026"));
        count++;
    }
    assert_int_equal(count, 2);
}

static void test_columns_are_panels_side_by_side(void **state)
{
    (void)state;
    struct drawing drawing = overview_of(2, 6, 12, 12, true);
    drawing.style.columns = 5;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("L1 H5"));
    const struct figure_item *first = find_kind(FIGURE_MATRIX);
    size_t in_first_row = 0;
    for (size_t i = 0; i < figure.count; i++)
        in_first_row += figure.items[i].kind == FIGURE_MATRIX && figure.items[i].y <= first->y;
    assert_int_equal(in_first_row, 5);
}

/* Panels of 15 and 37 tokens had no labels at all. */
static void test_labels_of_panels_are_thinned_not_dropped(void **state)
{
    (void)state;
    static const size_t shapes[][3] = {{6, 6, 15}, {3, 4, 37}, {3, 12, 9}};
    for (size_t i = 0; i < 3; i++) {
        struct drawing drawing = overview_of(shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][2], true);
        assert_true(lay_out(&drawing));
        const struct figure_item *first = find_text(labels[0][0]), *third = find_text(labels[0][2]);
        assert_non_null(first);
        assert_true(first->text.size >= 7);
        assert_non_null(third);
        size_t count = 0;
        for (size_t k = 0; k < figure.count; k++)
            count +=
                figure.items[k].kind == FIGURE_TEXT && strcmp(string_of(&figure.items[k]), labels[0][0]) == 0;
        assert_int_equal(count, shapes[i][0] + shapes[i][1]); /* on the outer panels only */
    }
}

static const struct figure_item *find_beginning(const char *text)
{
    for (size_t i = 0; i < figure.count; i++)
        if (figure.items[i].kind == FIGURE_TEXT && strstr(string_of(&figure.items[i]), text))
            return &figure.items[i];
    return NULL;
}

/* It was cut to "each cell is the …". */
static void test_pooling_note_is_never_cut(void **state)
{
    (void)state;
    for (size_t width = 190; width < 700; width += 30) {
        struct drawing drawing = drawing_of(1, 1500, 1500);
        drawing.style.width = width;
        assert_true(lay_out(&drawing));
        assert_non_null(find_beginning("max"));
        assert_non_null(find_beginning("key)"));
        assert_null(find_beginning("\u2026"));
    }
    struct drawing drawing = drawing_of(1, 2000, 3);
    drawing.title = NULL;
    drawing.style.pool = POOL_MEAN;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("mean of 2\u00d71 (query \u00d7 key)"));
    drawing = drawing_of(1, 1500, 1500);
    drawing.row_axis = NULL;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("each cell is the maximum of 2 \u00d7 2"));
}

static void test_bar_of_a_tall_figure_is_not_as_tall(void **state)
{
    (void)state;
    struct drawing drawing = drawing_of(1, 3000, 2);
    assert_true(lay_out(&drawing));
    const struct figure_item *matrix = find_kind(FIGURE_MATRIX), *bar = find_kind(FIGURE_RAMP);
    assert_true(bar->height <= 480);
    assert_true(matrix->height >= 900 && matrix->height <= 1200 && matrix->width >= 56);
    drawing = drawing_of(9, 60, 60);
    drawing.across = 1;
    drawing.style.dpi_scale = 2;
    assert_true(lay_out(&drawing));
    assert_true(find_kind(FIGURE_RAMP)->height <= 2 * 480);
    drawing = drawing_of(1, 90, 90); /* as high as the square beside it */
    assert_true(lay_out(&drawing));
    assert_float_equal(find_kind(FIGURE_RAMP)->height, find_kind(FIGURE_MATRIX)->height, 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_panels_are_not_squeezed),
        cmocka_unit_test(test_given_width_is_used),
        cmocka_unit_test(test_small_panels_share_titles),
        cmocka_unit_test(test_bug_an_overview_was_mostly_titles),
        cmocka_unit_test(test_a_page_is_filled_exactly),
        cmocka_unit_test(test_a_page_has_panels_as_large_as_fit),
        cmocka_unit_test(test_dim_weights_are_told_of_at_any_width),
        cmocka_unit_test(test_bug_the_last_number_was_missing),
        cmocka_unit_test(test_bug_long_labels_were_cut_in_two_ways),
        cmocka_unit_test(test_columns_are_panels_side_by_side),
        cmocka_unit_test(test_labels_of_panels_are_thinned_not_dropped),
        cmocka_unit_test(test_pooling_note_is_never_cut),
        cmocka_unit_test(test_bar_of_a_tall_figure_is_not_as_tall),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
