/* Boards: columns of panels with scales of their own, signs between them, and bars below. */
#include "figures.h"

#include "figure/board.h"

enum { ACROSS = 4, ROWS = 2 };

static struct drawing drawings[ACROSS * ROWS];
static struct heatmap board_maps[ACROSS * ROWS];
static struct board_panel panels[ACROSS * ROWS];

/* q (n×d), k (m×d), scores and weights (n×m), in two rows. */
static struct board board_of(size_t n, size_t m, size_t d, const char *const *words)
{
    static const struct board_column columns[ACROSS] = {{0, false}, {0, false}, {1, true}, {2, true}};
    static const char *const measures[] = {"entry of q and k", "score", "attention weight"};
    static const char *const titles[] = {"q", "k", "scores", "weights"};
    static const char *const signs[] = {NULL, "·", "ᵀ =", "→"};
    static const char *const row_titles[] = {"head 0", "head 1"};
    for (size_t i = 0; i < ACROSS * ROWS; i++) {
        const size_t c = i % ACROSS;
        board_maps[i] = (struct heatmap){.values = values};
        drawings[i] = (struct drawing){.maps = &board_maps[i],
                                       .map_count = 1,
                                       .rows = c == 1 ? m : n,
                                       .columns = c < 2 ? d : m,
                                       .row_labels = words,
                                       .column_labels = c < 2 ? NULL : words,
                                       .row_axis = c == 1 ? "key" : "query",
                                       .column_axis = c < 2 ? "feature" : "key",
                                       .is_signed = c < 3,
                                       .is_weight = c == 3,
                                       .style = {.dpi_scale = 1}};
        panels[i] = (struct board_panel){.drawing = &drawings[i],
                                         .title = titles[c],
                                         .subtitle = c == 3 ? "each row sums to 1" : NULL,
                                         .above = c == 3 ? "softmax" : NULL,
                                         .sign = signs[c]};
    }
    return (struct board){.title = "Steps",
                          .rows = ROWS,
                          .across = ACROSS,
                          .panels = panels,
                          .columns = columns,
                          .measures = measures,
                          .scale_count = 3,
                          .row_titles = row_titles,
                          .footer = "the first 2 of 9 heads",
                          .style = {.dpi_scale = 1}};
}

static bool lay_board(const struct board *board)
{
    figure_free(&figure);
    error = (struct error){0};
    return board_layout(&figure, board, font, &error);
}

/* Matrix `number` of the figure, or NULL. */
static const struct figure_item *matrix_at(size_t number)
{
    for (size_t i = 0; i < figure.count; i++)
        if (figure.items[i].kind == FIGURE_MATRIX && number-- == 0)
            return &figure.items[i];
    return NULL;
}

static void test_whole_numbers_have_no_decimals(void **state)
{
    (void)state;
    static const float whole[] = {3, -2, 0, 12}, mixed[] = {3, 0.25f, 0, 1};
    struct board board = board_of(2, 2, 2, labels[2]);
    for (size_t i = 0; i < ACROSS * ROWS; i++)
        board_maps[i].values = i % ACROSS < 2 ? whole : mixed;
    assert_true(lay_board(&board));
    assert_non_null(find_text("3"));
    assert_non_null(find_text("\u22122"));
    assert_non_null(find_text("12"));
    assert_non_null(find_text("0.25"));
    assert_null(find_text("3.00"));
    assert_null(find_text("1.00"));
}

static void test_each_scale_has_its_range_and_its_bar(void **state)
{
    (void)state;
    static const float small[] = {0.5f, -0.25f, 0, 0.25f}, large[] = {4, -8, 0, 8};
    struct board board = board_of(2, 2, 2, labels[2]);
    for (size_t i = 0; i < ACROSS * ROWS; i++)
        board_maps[i].values = i % ACROSS == 0 ? small : i % ACROSS == 1 ? large : small;
    assert_true(lay_board(&board));
    /* Of a scale the panels of both rows and the bar: q, k, q, k; scores twice; weights twice. */
    const struct figure_item *q = matrix_at(0), *k = matrix_at(1), *scores = matrix_at(5);
    assert_int_equal(figure.cells[q->matrix.cells], 136); /* 0.5 of ±8, whose scale k shares */
    assert_int_equal(figure.cells[k->matrix.cells + 1], 0);
    assert_int_equal(figure.cells[scores->matrix.cells], 255); /* 0.5 of ±0.5 */
    assert_int_equal(matrix_at(4)->matrix.columns, FIGURE_COLORS);
    assert_null(matrix_at(11));
    assert_int_equal(q->colors, scores->colors); /* both around 0 */
    assert_int_not_equal(q->colors, matrix_at(8)->colors);
    assert_non_null(find_text("entry of q and k"));
    assert_true(find_text("softmax")->x < matrix_at(8)->x &&
                find_text("softmax")->x > scores->x + scores->width);
}

static void test_masked_cells_are_alike(void **state)
{
    (void)state;
    static const uint8_t mask[] = {0, 1, 0, 0};
    struct board board = board_of(2, 2, 2, labels[2]);
    assert_true(lay_board(&board));
    assert_null(find_text("masked"));
    board_maps[2].masked = board_maps[3].masked = mask;
    assert_true(lay_board(&board));
    assert_non_null(find_text("masked"));
    const struct figure_item *scores = matrix_at(5), *weights = matrix_at(8);
    assert_int_equal(figure.cells[scores->matrix.cells + 1], FIGURE_MASKED);
    assert_int_equal(figure.cells[weights->matrix.cells + 1], FIGURE_MASKED);
    assert_memory_equal(&figure.palette[scores->colors + FIGURE_MASKED],
                        &figure.palette[weights->colors + FIGURE_MASKED], sizeof(struct color));
}

/* Where a text lies: x, y, and the ends. */
static void box_of(const struct figure_item *item, double box[4])
{
    const double size = (double)item->text.size, x = (double)item->x, y = (double)item->y;
    const double width = typeset_width(font, string_of(item), size, &error);
    const double start = item->text.anchor == ANCHOR_START ? 0
                         : item->text.anchor == ANCHOR_END ? width
                                                           : width / 2;
    const bool up = item->text.turn == TURN_UP;
    box[0] = up ? x - size * 0.7 : x - start;
    box[1] = up ? y - (width - start) : y - size * 0.7;
    box[2] = up ? x : x + width - start;
    box[3] = up ? y + start : y;
}

static void assert_words_apart(const char *what)
{
    for (size_t i = 0; i < figure.count; i++) {
        double a[4], b[4];
        if (figure.items[i].kind != FIGURE_TEXT)
            continue;
        box_of(&figure.items[i], a);
        if (a[0] < 0 || a[1] < 0 || a[2] > (double)figure.width || a[3] > (double)figure.height)
            fail_msg("%s: '%s' is cut", what, string_of(&figure.items[i]));
        for (size_t j = 0; j < i; j++) {
            if (figure.items[j].kind != FIGURE_TEXT)
                continue;
            box_of(&figure.items[j], b);
            if (a[0] < b[2] - 1 && b[0] < a[2] - 1 && a[1] < b[3] - 1 && b[1] < a[3] - 1)
                fail_msg("%s: '%s' meets '%s'", what, string_of(&figure.items[i]),
                         string_of(&figure.items[j]));
        }
    }
}

/* The smallest distance from a bar to the next, or from the name of one where that is wider. */
static double bars_apart(void)
{
    static const char *const names[] = {"entry of q and k", "score", "attention weight"};
    double least = INFINITY, end = -INFINITY;
    size_t bars = 0;
    const struct figure_item *item;
    for (size_t i = 0; (item = matrix_at(i)); i++) {
        if (item->matrix.rows != 1 || item->matrix.columns != FIGURE_COLORS)
            continue;
        const struct figure_item *name = find_text(names[bars++]);
        const double width =
            fmax((double)item->width, typeset_width(font, string_of(name), (double)name->text.size, &error));
        const double begin = (double)item->x + ((double)item->width - width) / 2;
        least = fmin(least, begin - end);
        end = begin + width;
    }
    assert_int_equal(bars, 3);
    return least;
}

static void test_bars_have_room_between_them(void **state)
{
    (void)state;
    /* Distances up to a pixel, on which bars begin. */
    struct board board = board_of(1, 1, 1, NULL);
    assert_true(lay_board(&board));
    assert_float_equal(bars_apart(), 36, 1);
    board = board_of(3, 12, 64, NULL);
    board.style.width = 560; /* so little that names and bars are closer */
    assert_true(lay_board(&board));
    assert_float_equal(bars_apart(), 18, 1);
}

static void test_words_are_apart_in_all_sizes(void **state)
{
    (void)state;
    static const size_t sizes[][3] = {{1, 1, 1}, {1, 40, 8},   {3, 3, 2},    {3, 12, 64},    {12, 3, 4},
                                      {6, 6, 1}, {12, 12, 64}, {40, 40, 64}, {300, 300, 16}, {900, 20, 300}};
    static const size_t widths[] = {0, 1600, 900, 700};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t w = 0; w < 4; w++)
            for (int kind = 0; kind < 4; kind++) {
                char what[96];
                struct board board =
                    board_of(sizes[s][0], sizes[s][1], sizes[s][2], kind < 3 ? labels[kind] : NULL);
                board.style.width = widths[w];
                snprintf(what, sizeof what, "%zu×%zu×%zu, width %zu, labels %d", sizes[s][0], sizes[s][1],
                         sizes[s][2], widths[w], kind);
                if (!lay_board(&board))
                    fail_msg("%s: %s", what, error.message);
                assert_true(widths[w] == 0 || figure.width <= (float)widths[w]);
                assert_words_apart(what);
            }
}

static size_t count_texts(const char *text)
{
    size_t count = 0;
    for (size_t i = 0; i < figure.count; i++)
        count += figure.items[i].kind == FIGURE_TEXT && strcmp(string_of(&figure.items[i]), text) == 0;
    return count;
}

/* Variants of which the first has one head: below it the labels of rows stand beside the next. */
static void test_rows_have_labels_where_the_columns_before_are_empty(void **state)
{
    (void)state;
    static const struct board_column columns[ACROSS] = {{0, true}, {0, true}, {0, true}, {0, true}};
    static const char *const measures[] = {"attention weight"}, *const row_titles[] = {"layer 10 · head 10",
                                                                                       "layer 10 · head 11"};
    static const size_t sizes[] = {1, 3, 6, 12, 40, 300};
    for (size_t s = 0; s < 6; s++)
        for (size_t empty = 0; empty < ACROSS; empty++)
            for (int kind = 0; kind < 4; kind++) {
                char what[96];
                struct board board = board_of(sizes[s], sizes[s], sizes[s], kind < 3 ? labels[kind] : NULL);
                board.columns = columns;
                board.measures = measures;
                board.row_titles = row_titles;
                board.scale_count = 1;
                for (size_t i = 0; i < ACROSS * ROWS; i++) {
                    drawings[i].row_axis = "query";
                    drawings[i].column_labels = drawings[i].row_labels;
                    panels[i] = (struct board_panel){.drawing = &drawings[i], .title = "--scale 1"};
                }
                for (size_t c = 0; c < empty; c++)
                    panels[ACROSS + c].drawing = NULL;
                snprintf(what, sizeof what, "%zu, %zu empty, labels %d", sizes[s], empty, kind);
                if (!lay_board(&board))
                    fail_msg("%s: %s", what, error.message);
                assert_words_apart(what);
                assert_int_equal(count_texts("query"), ROWS);
                assert_int_equal(count_texts("--scale 1"), ACROSS * ROWS - empty);
                assert_int_equal(count_texts("attention weight"), 1);
            }
}

static void test_a_board_of_one_scale_has_its_range(void **state)
{
    (void)state;
    static const struct board_column columns[ACROSS] = {{0, true}, {0, true}, {0, true}, {0, true}};
    struct board board = board_of(2, 2, 2, NULL);
    board.columns = columns;
    board.scale_count = 1;
    board.style.has_vmin = board.style.has_vmax = true;
    board.style.vmin = -50;
    board.style.vmax = 50;
    assert_true(lay_board(&board));
    assert_non_null(find_text("\u221250"));
}

static void test_what_cannot_be_had(void **state)
{
    (void)state;
    struct board board = board_of(2, 2, 2, NULL);
    board.style.width = 100;
    assert_false(lay_board(&board));
    assert_int_equal(error.kind, ERROR_USAGE);
    board.style.width = 0;
    board.style.has_vmax = true;
    assert_false(lay_board(&board));
    board.style.has_vmax = false;
    board.style.dpi_scale = 9;
    assert_false(lay_board(&board));
    board.style.dpi_scale = 1;
    drawings[5].rows = 0;
    assert_false(lay_board(&board));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_numbers_have_no_decimals),
        cmocka_unit_test(test_each_scale_has_its_range_and_its_bar),
        cmocka_unit_test(test_masked_cells_are_alike),
        cmocka_unit_test(test_bars_have_room_between_them),
        cmocka_unit_test(test_words_are_apart_in_all_sizes),
        cmocka_unit_test(test_rows_have_labels_where_the_columns_before_are_empty),
        cmocka_unit_test(test_a_board_of_one_scale_has_its_range),
        cmocka_unit_test(test_what_cannot_be_had),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
