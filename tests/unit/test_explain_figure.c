/* The picture of an explanation: what stands in it, and that nothing stands on anything else. */
#include "compute/explain_steps.h"
#include "read/read.h"
#include "view/explain_figure.h"

#include "figures.h"

#define SAMPLE(name) ATTN_TESTS "/../data/" name ".json"

static struct {
    struct inputs inputs;
    struct problem problem;
    struct explanation explanation;
    struct explain_steps steps;
} made;
static struct warnings warnings;

static void unmake(void)
{
    explain_steps_free(&made.steps);
    explanation_free(&made.explanation);
    problem_free(&made.problem);
    inputs_free(&made.inputs);
    warnings_free(&warnings);
    figure_free(&figure);
    memset(&made, 0, sizeof made);
}

static bool make(const char *path, size_t head, size_t query, size_t rows)
{
    const struct read_target target = {.what = READ_ANY};
    const struct engine_options engine = {.threads = 1};
    const struct settings none = {0};
    unmake();
    error = (struct error){0};
    if (!read_file(&made.inputs, path, NULL, &target, &warnings, &error) ||
        !problem_prepare(&made.inputs, &none, &warnings, &error) ||
        !problem_make(&made.problem, &made.inputs, &none, &warnings, &error) ||
        !explanation_make(&made.explanation, &made.problem, 0, head, query, &engine, &error) ||
        !explain_steps_make(&made.steps, &made.explanation, rows, &error))
        fail_msg("%s", error.message);
    return explain_figure(&figure, &made.steps, made.problem.title, font, &error);
}

/* The rectangle of an item. */
static void box_of(const struct figure_item *item, double box[4])
{
    box[0] = (double)item->x;
    box[1] = (double)item->y;
    box[2] = box[0] + (double)item->width;
    box[3] = box[1] + (double)item->height;
    if (item->kind != FIGURE_TEXT)
        return;
    const double size = (double)item->text.size, width = typeset_width(font, string_of(item), size, &error);
    box[0] -= item->text.anchor == ANCHOR_END ? width : 0;
    box[2] = box[0] + width;
    box[3] = box[1] + 0.2 * size;
    box[1] -= 0.8 * size;
}

static void assert_apart(void)
{
    for (size_t i = 0; i < figure.count; i++) {
        double a[4], b[4];
        box_of(&figure.items[i], a);
        assert_true(a[0] >= 0 && a[1] >= 0 && a[2] <= (double)figure.width && a[3] <= (double)figure.height);
        for (size_t j = 0; j < i; j++) {
            if (figure.items[i].kind != FIGURE_TEXT && figure.items[j].kind != FIGURE_TEXT)
                continue;
            box_of(&figure.items[j], b);
            if (a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3])
                fail_msg("items %zu and %zu lie on each other", i, j);
        }
    }
}

static void test_steps_stand_beside_each_other(void **state)
{
    (void)state;
    assert_true(make(SAMPLE("causal"), 1, 3, 16));
    static const char *const texts[] = {"Causal: a query sees itself and what came before",
                                        "layer 0, head 1: query 3 \"time\"",
                                        "q = (1, 0)",
                                        "score = q·k, scaled = score/√2, masked: -∞ where it may not look",
                                        "\u200E3  \"time\"",
                                        "(3, 0)",
                                        "1·3 + 0·0 = 3",
                                        "2.121",
                                        "e^(s - 2.121)",
                                        "0.5388",
                                        "0.5388 · (3, 1)",
                                        "1.856",
                                        "output = (2.279, 1)"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!find_text(texts[i]))
            fail_msg("%s is not there", texts[i]);
    assert_apart();
}

static void test_bars_are_as_long_as_weights(void **state)
{
    (void)state;
    assert_true(make(SAMPLE("causal"), 1, 3, 16));
    float whole = 0;
    size_t bars = 0;
    for (size_t i = 0; i < figure.count; i++) {
        const struct figure_item *item = &figure.items[i];
        if (item->kind != FIGURE_RECT || item->height < 2)
            continue;
        if (item->color.r == item->color.g) {
            whole = item->width;
            continue;
        }
        assert_float_equal((double)item->width, (double)whole * made.explanation.weights[bars], 1e-3);
        bars++;
    }
    assert_int_equal(bars, 4); /* masked keys have none */
}

static void test_every_sample_has_its_places(void **state)
{
    (void)state;
    static const char *const samples[] = {SAMPLE("projections"), SAMPLE("sentence"), SAMPLE("rotary"),
                                          SAMPLE("delta"),       SAMPLE("packed"),   SAMPLE("patches"),
                                          SAMPLE("alignment"),   SAMPLE("induction")};
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        for (size_t rows = 2; rows <= 32; rows *= 4) {
            assert_true(make(samples[i], 0, 1, rows));
            assert_apart();
        }
    assert_true(make(SAMPLE("projections"), 0, 4, 16));
    assert_non_null(find_text("q = x·W_q + b_q = (-0.5, 0)"));
    assert_non_null(find_text("output = (0, 0.259),   output·w_o = (0, 0.1295, 0, 0.1295)"));
    assert_non_null(find_text("heads concatenated·w_o = (-0.1458, 0.4589, 0.1458, -0.2)"));
    assert_true(make(SAMPLE("sentence"), 0, 4, 16));
    assert_non_null(find_text("k (6 numbers)"));
    assert_non_null(find_text("(0, 0, 0, …)"));
}

static void test_sums_that_are_too_wide_stand_above_for_one_key(void **state)
{
    (void)state;
    assert_true(make(SAMPLE("rotary"), 0, 15, 16));
    assert_true(find_text("(-2.279)·3 + 0·0 + 1.951·0 + 0·0 = -6.837") && figure.width <= 1600);
    /* small numbers are long ones: there is no room for the sums */
    const char *path = "wide.json";
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    const char *row = "[-1.236e-05,-2.346e-05,-3.457e-05,-4.568e-05]";
    fprintf(file, "{\"q\":[%s],\"k\":[%s,%s],\"v\":[%s,%s],\"scale\":0.25,\"bias\":[[0.125,0.25]]}", row, row,
            row, row, row);
    fclose(file);
    assert_true(make(path, 0, 0, 16));
    remove(path);
    assert_non_null(find_text("with key 1 \"1\": (-1.236e-05)·(-1.236e-05) + (-2.346e-05)·(-2.346e-05) + "
                              "(-3.457e-05)·(-3.457e-05) + (-4.568e-05)·(-4.568e-05) = 3.985e-09"));
    assert_non_null(find_text("3.985e-09"));
    assert_true(figure.width < 2000);
    assert_apart();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_stand_beside_each_other),
        cmocka_unit_test(test_bars_are_as_long_as_weights),
        cmocka_unit_test(test_every_sample_has_its_places),
        cmocka_unit_test(test_sums_that_are_too_wide_stand_above_for_one_key),
    };
    const int failed = cmocka_run_group_tests(tests, begin, end);
    unmake();
    return failed;
}
