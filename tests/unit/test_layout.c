/* Layouts: nothing overlaps, nothing is outside, everything has its size. */
#include "figures.h"

#include "figure/label.h"
#include "figure/stack.h"

struct box {
    double left, top, right, bottom;
    double askew[4]; /* the same of its corners turned by 45°, so that texts that rise are boxes */
};

/* The box around a text that runs from start to start + length, turned by sine and cosine around x, y. */
static struct box box_turned(double x, double y, double sine, double cosine, const double along[2],
                             const double across[2])
{
    struct box box = {INFINITY, INFINITY, -INFINITY, -INFINITY, {INFINITY, INFINITY, -INFINITY, -INFINITY}};
    for (int i = 0; i < 4; i++) {
        const double u = along[i % 2], v = across[i / 2];
        const double corner[2] = {x + u * cosine + v * sine, y - u * sine + v * cosine};
        const double turned[2] = {(corner[0] - corner[1]) * M_SQRT1_2, (corner[0] + corner[1]) * M_SQRT1_2};
        box.left = fmin(box.left, corner[0]);
        box.right = fmax(box.right, corner[0]);
        box.top = fmin(box.top, corner[1]);
        box.bottom = fmax(box.bottom, corner[1]);
        for (int k = 0; k < 2; k++) {
            box.askew[k] = fmin(box.askew[k], turned[k]);
            box.askew[k + 2] = fmax(box.askew[k + 2], turned[k]);
        }
    }
    return box;
}

/* From the top of the capitals to below the baseline. */
static struct box box_of(const struct figure_item *item)
{
    const double x = (double)item->x, y = (double)item->y, size = (double)item->text.size;
    if (item->kind != FIGURE_TEXT)
        return (struct box){x, y, x + (double)item->width, y + (double)item->height, {0}};
    if (item->text.turn == TURN_STACKED) {
        char character[LABEL_SIZE];
        const char *rest = string_of(item);
        double length = 0;
        while (stack_next(character, &rest))
            length += STACK_STEP * size;
        return box_turned(x, y, 0, 1, (const double[]){-size / 2, size / 2}, (const double[]){0, length});
    }
    const double width = typeset_width(font, string_of(item), size, &error);
    const double before = item->text.anchor == ANCHOR_START ? 0
                          : item->text.anchor == ANCHOR_END ? width
                                                            : width / 2;
    const double sine = item->text.turn == TURN_UP ? 1 : item->text.turn == TURN_RISING ? M_SQRT1_2 : 0;
    return box_turned(x, y, sine, item->text.turn == TURN_RISING ? M_SQRT1_2 : 1 - sine,
                      (const double[]){-before, width - before}, (const double[]){-0.73 * size, 0.15 * size});
}

static bool is_apart(const struct box *a, const struct box *b)
{
    const double slack = 0.01;
    return a->right <= b->left + slack || b->right <= a->left + slack || a->bottom <= b->top + slack ||
           b->bottom <= a->top + slack || a->askew[2] <= b->askew[0] + slack ||
           b->askew[2] <= a->askew[0] + slack || a->askew[3] <= b->askew[1] + slack ||
           b->askew[3] <= a->askew[1] + slack;
}

static bool is_value(const struct figure_item *item)
{
    return item->color.r == 0x1a || item->color.r == 255;
}

/* Numbers stay in their cells, and all other texts apart. */
static void check_places(const char *what)
{
    static struct box boxes[2000];
    size_t count = 0;
    const struct figure_item *matrix = find_kind(FIGURE_MATRIX);
    double cell_width = (double)matrix->width / (double)matrix->matrix.columns;
    double cell_height = (double)matrix->height / (double)matrix->matrix.rows;
    for (size_t i = 0; i < figure.count; i++) {
        const struct figure_item *item = &figure.items[i];
        struct box box = box_of(item);
        if (box.left < 0 || box.top < 0 || box.right > (double)figure.width ||
            box.bottom > (double)figure.height)
            fail_msg("%s: item %zu (kind %d, '%s') is outside", what, i, item->kind,
                     item->kind == FIGURE_TEXT ? string_of(item) : "");
        if (item->kind != FIGURE_TEXT || !string_of(item)[0])
            continue;
        assert_true(item->text.size >= 6 - 1e-3f);
        if (is_value(item)) {
            assert_true(box.right - box.left < cell_width && box.bottom - box.top < cell_height);
            continue;
        }
        assert_true(count < sizeof boxes / sizeof *boxes);
        boxes[count++] = box;
    }
    for (size_t a = 0; a < count; a++)
        for (size_t b = a + 1; b < count; b++)
            if (!is_apart(&boxes[a], &boxes[b]))
                fail_msg("%s: texts %zu and %zu of %zu overlap at %.1f, %.1f and %.1f, %.1f", what, a, b,
                         count, boxes[a].left, boxes[a].top, boxes[b].left, boxes[b].top);
}

static void test_nothing_overlaps(void **state)
{
    (void)state;
    static const size_t shapes[][3] = {{1, 1, 1},     {1, 6, 6},       {1, 13, 11},  {1, 37, 37},
                                       {1, 144, 144}, {1, 1024, 1024}, {1, 1, 1000}, {1, 1000, 1},
                                       {1, 3000, 5},  {1, 2, 3000},    {5, 6, 6},    {12, 37, 37},
                                       {2, 13, 11},   {144, 6, 6},     {3, 50, 700}, {144, 64, 64}};
    static const struct drawing_style styles[] = {
        {.dpi_scale = 1},
        {.dpi_scale = 1.5},
        {.dpi_scale = 1, .annotate = ANNOTATE_ON},
        {.dpi_scale = 1, .width = 300},
        {.dpi_scale = 2, .width = 700, .annotate = ANNOTATE_OFF},
        {.dpi_scale = 1, .cell = 7},
        {.dpi_scale = 1, .cell = 33, .width = 900},
        {.dpi_scale = 1, .scale = COLOR_LOG},
        {.dpi_scale = 1, .scale = COLOR_SQRT, .has_vmax = true, .vmax = 0.3f},
        {.dpi_scale = 1, .label_angle = LABEL_ANGLE_RISING},
        {.dpi_scale = 1, .label_angle = LABEL_ANGLE_RISING, .width = 500},
        {.dpi_scale = 1, .label_angle = LABEL_ANGLE_RISING, .cell = 9},
    };
    size_t drawn = 0;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t y = 0; y < sizeof styles / sizeof *styles; y++)
            for (int l = 0; l < 4; l++) {
                struct drawing drawing = drawing_of(shapes[s][0], shapes[s][1], shapes[s][2]);
                if (shapes[s][1] * shapes[s][2] > 100000 && l > 1)
                    continue;
                drawing.row_labels = l < 3 ? labels[l] : NULL;
                drawing.column_labels = l < 3 ? labels[(l + 1) % 3] : NULL;
                drawing.style = styles[y];
                char what[100];
                snprintf(what, sizeof what, "%zu of %zu times %zu, style %zu, labels %d", shapes[s][0],
                         shapes[s][1], shapes[s][2], y, l);
                if (!lay_out(&drawing)) {
                    if (error.kind != ERROR_USAGE || (styles[y].width == 0 && styles[y].cell == 0))
                        fail_msg("%s: %s", what, error.message);
                    continue;
                }
                check_places(what);
                drawn++;
                if (styles[y].width > 0)
                    assert_true((double)figure.width <= (double)styles[y].width * styles[y].dpi_scale + 1);
            }
    assert_true(drawn > 400);
}

/* The same for the titles of rows and columns of panels, however small these are. */
static void test_shared_titles_overlap_nothing(void **state)
{
    (void)state;
    size_t drawn = 0;
    for (size_t n = 1; n < 40; n += 3)
        for (size_t width = 0; width < 900; width += 150)
            for (int l = 0; l < 4; l++) {
                struct drawing drawing = drawing_of(72, n, n);
                drawing.across = 12;
                drawing.row_titles = labels[l % 2];
                drawing.column_titles = labels[l / 2];
                drawing.row_labels = drawing.column_labels = l < 3 ? labels[l] : NULL;
                drawing.style.width = width;
                char what[100];
                snprintf(what, sizeof what, "panels of %zu, width %zu, titles %d", n, width, l);
                if (!lay_out(&drawing)) {
                    assert_true(width > 0 && width < 300);
                    continue;
                }
                check_places(what);
                assert_true(width == 0 || figure.width <= (float)width);
                drawn++;
            }
    assert_true(drawn > 200);
}

static void test_cells_are_chosen_by_count(void **state)
{
    (void)state;
    static const double wanted[][2] = {{1, 56}, {6, 56}, {37, 18}, {144, 7}, {1024, 1}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct drawing drawing = drawing_of(1, (size_t)wanted[i][0], (size_t)wanted[i][0]);
        assert_true(lay_out(&drawing));
        const struct figure_item *matrix = find_kind(FIGURE_MATRIX);
        assert_float_equal(matrix->width, wanted[i][0] * wanted[i][1], 0.01);
        assert_float_equal(matrix->height, matrix->width, 0.01);
        assert_true(figure.width <= 1300);
    }
}

static void test_given_cell_is_kept(void **state)
{
    (void)state;
    struct drawing drawing = drawing_of(1, 20, 30);
    drawing.style.cell = 13;
    drawing.style.dpi_scale = 2;
    assert_true(lay_out(&drawing));
    assert_float_equal(find_kind(FIGURE_MATRIX)->width, 30 * 13 * 2, 0.01);
    assert_float_equal(find_kind(FIGURE_MATRIX)->height, 20 * 13 * 2, 0.01);
}

static void test_labels_are_thinned_at_round_places(void **state)
{
    (void)state;
    struct drawing drawing = drawing_of(1, 1000, 1000);
    drawing.row_first = drawing.column_first = 13;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("50"));
    assert_non_null(find_text("1000"));
    assert_null(find_text("13"));

    drawing.row_labels = drawing.column_labels = labels[0];
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("w0"));
    assert_non_null(find_text("w380")); /* of token 20 */
    assert_null(find_text("w919"));     /* of token 1 */
}

/* Of one or two tokens whose numbers are not round, or whose panels are small, none had its number. */
static void test_bug_few_tokens_had_no_number(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 2; count++)
        for (size_t first = 50; first <= 53; first++) {
            char number[8];
            snprintf(number, sizeof number, "%zu", first);
            struct drawing drawing = drawing_of(2, count, 97);
            drawing.row_first = first;
            assert_true(lay_out(&drawing));
            assert_non_null(find_text(number));
            drawing = drawing_of(2, 97, count);
            drawing.column_first = first;
            assert_true(lay_out(&drawing));
            assert_non_null(find_text(number));
        }
}

/* They stood at the middle of the cell that holds their token, one here and the next a cell further. */
static void test_bug_numbers_beside_pooled_cells_were_uneven(void **state)
{
    (void)state;
    struct drawing drawing = drawing_of(1, 100, 100);
    drawing.row_step = drawing.column_step = 7;
    assert_true(lay_out(&drawing));
    const struct figure_item *numbers[] = {find_text("0"), find_text("200"), find_text("400"),
                                           find_text("600")};
    for (int i = 0; i < 4; i++)
        assert_non_null(numbers[i]);
    for (int i = 1; i < 4; i++)
        assert_float_equal(numbers[i]->y - numbers[i - 1]->y, numbers[1]->y - numbers[0]->y, 0.01);
}

/* A number beside a pooled matrix is that of a token, at the cell that holds it. */
static void test_pooled_labels_are_token_numbers(void **state)
{
    (void)state;
    struct drawing drawing = drawing_of(1, 3000, 5);
    drawing.row_labels = labels[0];
    assert_true(lay_out(&drawing));
    const struct figure_item *matrix = find_kind(FIGURE_MATRIX), *number = find_text("1500");
    assert_true(matrix->matrix.rows <= 1200);
    assert_int_equal(matrix->matrix.columns, 5);
    assert_non_null(number);
    double middle = (double)number->y - 0.365 * (double)number->text.size;
    assert_float_equal(middle, (double)matrix->y + (double)matrix->height / 2, 2);
    assert_non_null(find_text("max of 3\u00d71 (query \u00d7 key)"));
}

static void test_no_finite_value_is_still_a_picture(void **state)
{
    (void)state;
    static const float none[] = {NAN, -INFINITY, INFINITY, NAN};
    static const uint8_t all[] = {1, 1, 1, 1};
    for (int kind = 0; kind < 2; kind++)
        for (int scale = COLOR_LINEAR; scale <= COLOR_SQRT; scale++) {
            struct drawing drawing = drawing_of(1, 2, 2);
            drawing.is_weight = false;
            drawing.style.scale = (enum color_scale)scale;
            maps[0].values = none;
            maps[0].masked = kind ? all : NULL;
            assert_true(lay_out(&drawing));
            check_places("no finite value");
        }
}

static void test_panels_are_arranged_in_reading_order(void **state)
{
    (void)state;
    struct drawing drawing = drawing_of(12, 6, 6);
    assert_true(lay_out(&drawing));
    size_t in_first_row = 0;
    const struct figure_item *first = find_kind(FIGURE_MATRIX);
    for (size_t i = 0; i < figure.count; i++)
        in_first_row += figure.items[i].kind == FIGURE_MATRIX && figure.items[i].y <= first->y;
    assert_int_equal(in_first_row, 4);
    drawing.across = 1;
    drawing.rows = drawing.columns = 700;
    assert_true(lay_out(&drawing));
    assert_true(figure.height < 10000);
    drawing.rows = drawing.columns = 6;
    drawing.across = 6;
    assert_true(lay_out(&drawing));
    in_first_row = 0;
    first = find_kind(FIGURE_MATRIX);
    for (size_t i = 0; i < figure.count; i++)
        in_first_row += figure.items[i].kind == FIGURE_MATRIX && figure.items[i].y <= first->y;
    assert_int_equal(in_first_row, 6);
}

/* Three heads were drawn two by two, with a quarter of the figure empty. */
static void test_bug_grids_with_empty_places(void **state)
{
    (void)state;
    static const size_t wanted[][2] = {{1, 1}, {2, 2}, {3, 3}, {4, 2},  {5, 3},  {6, 3},
                                       {7, 4}, {8, 4}, {9, 3}, {10, 5}, {16, 4}, {37, 8}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct drawing drawing = drawing_of(wanted[i][0], 12, 12);
        assert_true(lay_out(&drawing));
        const struct figure_item *first = find_kind(FIGURE_MATRIX);
        size_t across = 0;
        for (size_t k = 0; k < figure.count; k++)
            across += figure.items[k].kind == FIGURE_MATRIX && figure.items[k].y <= first->y;
        assert_int_equal(across, wanted[i][1]);
    }
}

/* A narrow figure was made as wide as its title, and half of it stood empty. */
static void test_bug_title_left_half_of_a_figure_empty(void **state)
{
    (void)state;
    struct drawing drawing = drawing_of(1, 16, 4);
    drawing.title = NULL;
    assert_true(lay_out(&drawing));
    float bare = figure.width;
    drawing.title = "The delta rule: what is written last is what is read";
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("The delta rule: what is"));
    assert_non_null(find_text("written last is what is read"));
    assert_true(figure.width < bare * 1.4f);
}

/* The outline lies around the cell that is marked, and goes no further than a pixel into the others. */
static void test_mark_is_around_its_cell(void **state)
{
    (void)state;
    for (int size = 0; size < 2; size++) {
        struct drawing drawing = drawing_of(1, 4, 6);
        drawing.style.cell = size ? 40 : 8;
        drawing.has_mark = true;
        drawing.mark_row = 1;
        drawing.mark_column = 3;
        assert_true(lay_out(&drawing));
        const struct figure_item *matrix = find_kind(FIGURE_MATRIX);
        double cell = (double)drawing.style.cell;
        double left = (double)matrix->x + 3 * cell, top = (double)matrix->y + 1 * cell;
        size_t edges = 0;
        for (size_t i = (size_t)(matrix - figure.items) + 1; i < figure.count; i++) {
            const struct figure_item *item = &figure.items[i];
            bool dark = item->color.r == 0, light = item->color.r == 255;
            if (item->kind != FIGURE_RECT || !(dark || light))
                continue;
            struct box box = box_of(item);
            assert_true(box.left >= left - 1 && box.right <= left + cell + 1);
            assert_true(box.top >= top - 1 && box.bottom <= top + cell + 1);
            edges++;
        }
        assert_int_equal(edges, size ? 12 : 8);
        drawing.has_mark = false;
        assert_true(lay_out(&drawing));
        assert_int_not_equal(find_kind(FIGURE_RECT)->color.r, 0);
    }
}

static void test_note_says_how_many_rows_and_columns_a_cell_is(void **state)
{
    (void)state;
    struct drawing drawing = drawing_of(1, 60, 60);
    drawing.row_step = 7;
    drawing.column_step = 3;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("each cell is the maximum of 7 \u00d7 3 (query \u00d7 key)"));
    drawing.style.pool = POOL_MEAN;
    drawing.style.width = 240;
    assert_true(lay_out(&drawing));
    assert_non_null(find_text("mean of 7\u00d73 (query \u00d7 key)"));
}

static void check_refused(struct drawing drawing, const char *word)
{
    assert_false(lay_out(&drawing));
    assert_int_equal(error.kind, ERROR_USAGE);
    if (!strstr(error.message, word))
        fail_msg("'%s' does not speak of '%s'", error.message, word);
}

static void test_styles_that_cannot_be_had(void **state)
{
    (void)state;
    struct drawing drawing = drawing_of(1, 30, 30);
    drawing.style.cmap = "viridi";
    check_refused(drawing, "viridis");
    drawing.style = (struct drawing_style){.dpi_scale = 9};
    check_refused(drawing, "9");
    drawing.style = (struct drawing_style){.dpi_scale = 1, .scale = COLOR_LOG, .has_vmin = true};
    check_refused(drawing, "log");
    drawing.style =
        (struct drawing_style){.dpi_scale = 1, .has_vmin = true, .has_vmax = true, .vmin = 1, .vmax = 1};
    check_refused(drawing, "empty");
    drawing.style = (struct drawing_style){.dpi_scale = 1, .has_vmax = true, .vmax = INFINITY};
    check_refused(drawing, "finite");
    drawing.style = (struct drawing_style){.dpi_scale = 1, .width = 60};
    check_refused(drawing, "60");
    drawing.style = (struct drawing_style){.dpi_scale = 1, .cell = 5000};
    check_refused(drawing, "too large");
    drawing.style = (struct drawing_style){.dpi_scale = 1, .cell = SIZE_MAX};
    check_refused(drawing, "too large");
    drawing.rows = 0;
    check_refused(drawing, "nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_overlaps),
        cmocka_unit_test(test_shared_titles_overlap_nothing),
        cmocka_unit_test(test_cells_are_chosen_by_count),
        cmocka_unit_test(test_given_cell_is_kept),
        cmocka_unit_test(test_labels_are_thinned_at_round_places),
        cmocka_unit_test(test_bug_few_tokens_had_no_number),
        cmocka_unit_test(test_mark_is_around_its_cell),
        cmocka_unit_test(test_note_says_how_many_rows_and_columns_a_cell_is),
        cmocka_unit_test(test_bug_numbers_beside_pooled_cells_were_uneven),
        cmocka_unit_test(test_bug_grids_with_empty_places),
        cmocka_unit_test(test_bug_title_left_half_of_a_figure_empty),
        cmocka_unit_test(test_pooled_labels_are_token_numbers),
        cmocka_unit_test(test_no_finite_value_is_still_a_picture),
        cmocka_unit_test(test_panels_are_arranged_in_reading_order),
        cmocka_unit_test(test_styles_that_cannot_be_had),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
