/* Drawings that are made of results: the words, numbers and marks of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "compute/excerpt.h"
#include "compute/result.h"
#include "problem/settings_parse.h"
#include "read/read.h"
#include "view/patch_values.h"
#include "view/pictures.h"

#define SAMPLE(name) ATTN_TESTS "/../data/" name ".json"

static struct error error;
static struct warnings warnings;

/* A picture and all that it is made of. */
static struct {
    struct inputs inputs;
    struct problem problem;
    struct result result;
    struct excerpt excerpt;
    struct panels panels;
    struct patch_view patches;
    struct picture picture;
} made;

/* What is asked for; zeroed: the weights of everything in one figure. */
struct asked {
    enum stage stage;
    struct selection selection;
    struct settings settings;
    bool one; /* one matrix, number `matrix` */
    size_t matrix;
    struct patch_options *patches; /* over patches */
};

static void unmake(void)
{
    picture_free(&made.picture);
    panels_free(&made.panels);
    patch_view_free(&made.patches);
    excerpt_free(&made.excerpt);
    result_free(&made.result);
    problem_free(&made.problem);
    inputs_free(&made.inputs);
    warnings_free(&warnings);
}

static const struct drawing *make(const char *path, struct asked asked)
{
    const struct read_target target = {.what = READ_ANY};
    const struct drawing_style style = {.dpi_scale = 1};
    bool over = false;
    unmake();
    memset(&made, 0, sizeof made);
    struct selection *selection = &asked.selection;
    struct request request = {.stages = 1u << asked.stage,
                              .max_weights = 1 << 20,
                              .selection = selection,
                              .engine = {.threads = 1, .memory_limit = 1 << 28}};
    bool ok = read_file(&made.inputs, path, NULL, &target, &warnings, &error) &&
              problem_prepare(&made.inputs, &asked.settings, &warnings, &error) &&
              problem_make(&made.problem, &made.inputs, &asked.settings, &warnings, &error) &&
              selection_check(selection, &made.problem, &error) &&
              (!asked.patches ||
               patch_view_plan(&made.patches, &over, asked.patches, &made.problem, &request, &error)) &&
              result_compute(&made.result, &made.problem, &request, &warnings, &error) &&
              excerpt_make(&made.excerpt, &made.result, selection, &error) &&
              (!over || patch_values_measure(&made.patches, &made.excerpt, &error)) &&
              panels_find(&made.panels, &made.excerpt, asked.stage, &error);
    const struct picture_matrices shown = {&made.panels, !asked.one, asked.matrix};
    if (!ok || !picture_make(&made.picture, &shown, &style, over ? &made.patches : NULL, &error))
        fail_msg("%s", error.message);
    return &made.picture.drawing;
}

static struct settings settings_with(enum setting which, const char *text)
{
    struct settings settings = {0};
    assert_true(settings_parse(&settings, which, text, "it", ERROR_USAGE, &error));
    return settings;
}

static void test_weights_of_all_heads(void **state)
{
    (void)state;
    const struct drawing *drawing = make(SAMPLE("causal"), (struct asked){.stage = STAGE_WEIGHTS});
    assert_string_equal(drawing->title, "Causal: a query sees itself and what came before");
    assert_int_equal(drawing->map_count, 2);
    assert_string_equal(drawing->maps[0].title, "head 0");
    assert_string_equal(drawing->maps[1].title, "head 1");
    assert_string_equal(drawing->row_axis, "query");
    assert_string_equal(drawing->column_axis, "key");
    assert_string_equal(drawing->measure, "attention weight");
    assert_null(drawing->note);
    assert_true(drawing->is_weight && !drawing->is_signed && !drawing->is_flag && !drawing->has_mark);
    assert_ptr_equal(drawing->row_labels[2], made.problem.tokens.text[2]);
    assert_true(drawing->maps[0].masked[1] && !drawing->maps[0].masked[8]);
}

static void test_measures_are_those_of_the_stage(void **state)
{
    (void)state;
    static const struct {
        enum stage stage;
        const char *measure, *row_axis, *column_axis;
    } stages[] = {
        {STAGE_SCORES, "score q·k", "query", "key"},    {STAGE_SCALED, "scaled score", "query", "key"},
        {STAGE_MASKED, "masked score", "query", "key"}, {STAGE_MASK, "allowed", "query", "key"},
        {STAGE_OUTPUT, "output", "query", "feature"},   {STAGE_Q, "entry of q", "query", "feature"},
        {STAGE_K, "entry of k", "key", "feature"},      {STAGE_V, "entry of v", "key", "feature"}};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        const struct drawing *drawing = make(SAMPLE("causal"), (struct asked){.stage = stages[i].stage});
        assert_string_equal(drawing->measure, stages[i].measure);
        assert_string_equal(drawing->row_axis, stages[i].row_axis);
        assert_string_equal(drawing->column_axis, stages[i].column_axis);
        assert_int_equal(drawing->is_signed, stages[i].stage != STAGE_MASK);
        assert_int_equal(drawing->is_flag, stages[i].stage == STAGE_MASK);
    }
    static const char *const scores[][2] = {{"cosine", "score q·k/(|q||k|)"}, {"dot", "score q·k"}};
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++) {
        struct asked asked = {.stage = STAGE_SCORES, .settings = settings_with(SETTING_SCORE, scores[i][0])};
        assert_string_equal(make(SAMPLE("causal"), asked)->measure, scores[i][1]);
    }
    const struct drawing *drawing = make(SAMPLE("sinusoidal"), (struct asked){.stage = STAGE_ENCODING});
    assert_string_equal(drawing->row_axis, "position p");
    assert_string_equal(drawing->measure, "position encoding");
    assert_string_equal(drawing->column_labels[0], "sin p");
}

static void test_one_head_is_named_in_the_title(void **state)
{
    (void)state;
    const struct drawing *drawing =
        make(SAMPLE("causal"), (struct asked){.stage = STAGE_WEIGHTS, .one = true, .matrix = 1});
    assert_string_equal(drawing->title, "Causal: a query sees itself and what came before · head 1");
    assert_int_equal(drawing->map_count, 1);
    assert_ptr_equal(drawing->maps[0].values, made.result.stage[STAGE_WEIGHTS].data + 64);
    drawing = make(SAMPLE("induction"), (struct asked){.stage = STAGE_WEIGHTS, .one = true, .matrix = 1});
    assert_string_equal(drawing->title, "An induction head in two layers · layer 1");
}

static void test_numbers_begin_where_the_selection_does(void **state)
{
    (void)state;
    const struct selection part = {.query_first = 2, .query_end = 6, .key_first = 3, .key_end = 5};
    const struct drawing *drawing =
        make(SAMPLE("causal"), (struct asked){.stage = STAGE_WEIGHTS, .selection = part});
    assert_int_equal(drawing->row_first, 2);
    assert_int_equal(drawing->column_first, 3);
    assert_int_equal(drawing->rows, 4);
    assert_int_equal(drawing->columns, 2);
    assert_ptr_equal(drawing->row_labels[0], made.problem.tokens.text[2]);
    assert_ptr_equal(drawing->column_labels[0], made.problem.key_tokens.text[3]);
    drawing = make(SAMPLE("causal"), (struct asked){.stage = STAGE_K, .selection = part});
    assert_int_equal(drawing->row_first, 3);
    assert_int_equal(drawing->column_first, 0);
}

/* Layers and heads keep the numbers that they have in the problem. */
static void test_titles_of_rows_and_columns_of_panels(void **state)
{
    (void)state;
    static const size_t layers[] = {2, 1}, heads[] = {1, 2};
    char path[] = "/tmp/attn-pictures-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    fputs("{\"attention\": [", file);
    for (int i = 0; i < 9; i++)
        fprintf(file, "%s[[%d,%d],[1,0]]%s",
                i % 3 ? ","
                : i   ? ",["
                      : "[",
                i % 2, 1 - i % 2, i % 3 == 2 ? "]" : "");
    fputs("]}", file);
    fclose(file);
    struct asked asked = {.stage = STAGE_WEIGHTS,
                          .selection = {.layers = layers, .layer_count = 2, .heads = heads, .head_count = 2}};
    const struct drawing *drawing = make(path, asked);
    assert_int_equal(drawing->across, 2);
    assert_string_equal(drawing->row_titles[0], "L2");
    assert_string_equal(drawing->row_titles[1], "L1");
    assert_string_equal(drawing->column_titles[0], "H1");
    assert_string_equal(drawing->column_titles[1], "H2");
    assert_string_equal(drawing->maps[1].title, "L2 H2");
    assert_string_equal(drawing->maps[2].title, "L1 H1");
    asked.one = true;
    asked.matrix = 2;
    assert_string_equal(make(path, asked)->title, "layer 1 · head 1");
    unlink(path);
}

static void test_patches(void **state)
{
    (void)state;
    struct patch_options options = {.from = "50"};
    struct asked asked = {.stage = STAGE_WEIGHTS, .patches = &options};
    const struct drawing *drawing = make(SAMPLE("patches"), asked);
    assert_string_equal(drawing->title, "A landscape of 8 × 12 patches · seen from row 4, column 1");
    assert_string_equal(drawing->maps[0].title, "head 0 · CLS 0.25");
    assert_string_equal(drawing->row_axis, "patch row");
    assert_string_equal(drawing->column_axis, "patch column");
    assert_string_equal(drawing->measure, "attention weight");
    assert_string_equal(drawing->note, "(largest of a patch 0.23)");
    assert_int_equal(drawing->rows, 8);
    assert_int_equal(drawing->columns, 12);
    assert_true(drawing->has_mark);
    assert_int_equal(drawing->mark_row, 4);
    assert_int_equal(drawing->mark_column, 1);

    options = (struct patch_options){0};
    drawing = make(SAMPLE("patches"), asked);
    assert_string_equal(drawing->title, "A landscape of 8 × 12 patches · seen from CLS");
    assert_false(drawing->has_mark);

    options = (struct patch_options){.from = "mean"};
    drawing = make(SAMPLE("patches"), asked);
    assert_string_equal(drawing->title, "A landscape of 8 × 12 patches · mean over all patches");
    asked.stage = STAGE_MASK;
    asked.settings = settings_with(SETTING_CAUSAL, "start");
    drawing = make(SAMPLE("patches"), asked);
    assert_string_equal(drawing->measure, "share of queries");
    assert_string_equal(drawing->note, "that see it");

    options = (struct patch_options){.from = "1"};
    drawing = make(SAMPLE("patches"), asked);
    assert_string_equal(drawing->measure, "allowed");
    assert_non_null(strstr(drawing->title, " · seen from row 0, column 0"));
    assert_string_equal(drawing->maps[0].title, "all heads · CLS seen");
    asked.stage = STAGE_SCALED;
    drawing = make(SAMPLE("patches"), asked);
    char cls[40];
    snprintf(cls, sizeof cls, "head 1 · CLS %.3g",
             (double)excerpt_row(&made.excerpt, STAGE_SCALED, 0, 1, 1, NULL)[0]);
    assert_string_equal(drawing->maps[1].title, cls);
}

/* An input of its own; the caller unlinks the file. */
static void write_input(char path[], const char *text)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

/* The titles of the figure and of its first map, with what is asked for. */
static void assert_titles(const char *path, struct patch_options options, struct selection selection,
                          const char *figure, const char *map)
{
    struct asked asked = {.stage = STAGE_WEIGHTS, .selection = selection, .patches = &options};
    const struct drawing *drawing = make(path, asked);
    assert_string_equal(drawing->title, figure);
    assert_string_equal(drawing->maps[0].title ? drawing->maps[0].title : "", map);
}

/* Tokens that are no patches: CLS alone, several, before or behind them. */
static void test_titles_of_patches_among_tokens(void **state)
{
    (void)state;
    char path[] = "/tmp/attn-test-XXXXXX";
    write_input(path, "{\"attention\":[[0,0.25,0.25,0.5],[0.5,0.5,0,0],[0.5,0,0.25,0.25],[1,0,0,0]],"
                      "\"tokens\":[\"s\",\"p\",\"q\",\"cat\"],\"grid\":[1,2],\"grid_offset\":1}");
    const struct selection all = {0}, last = {.query_first = 3}, some = {.query_first = 1, .query_end = 2};
    assert_titles(path, (struct patch_options){0}, all, "mean over all patches · other keys 0.62", "");
    assert_titles(path, (struct patch_options){.from = "cat"}, all, "seen from “cat” · other keys 1.00", "");
    assert_titles(path, (struct patch_options){.from = "p"}, all,
                  "seen from row 0, column 0 · other keys 0.50", "");
    assert_true(made.picture.drawing.has_mark && made.picture.drawing.mark_column == 0);
    assert_titles(path, (struct patch_options){.from = "mean"}, last,
                  "mean over some queries · other keys 1.00", "");
    assert_titles(path, (struct patch_options){.from = "mean"}, some,
                  "mean over some patches · other keys 0.50", "");
    unlink(path);

    char registers[] = "/tmp/attn-test-XXXXXX";
    write_input(registers, "{\"attention\":[[0.25,0.25,0.5],[0.5,0.5,0],[0.5,0,0.5]],\"grid\":[1,1]}");
    assert_titles(registers, (struct patch_options){0}, all, "seen from query 0 · other keys 0.50", "");
    unlink(registers);

    char causal[] = "/tmp/attn-test-XXXXXX";
    write_input(causal, "{\"attention\":[[1,0],[0.5,0.5]],\"grid\":[1,1],\"causal\":true}");
    assert_titles(causal, (struct patch_options){0}, all, "mean over all patches · CLS 0.50", "");
    unlink(causal);
}

/* Where queries are patches, a map for each key, named, in a row for each head. */
static void test_patches_that_are_queries(void **state)
{
    (void)state;
    char path[] = "/tmp/attn-test-XXXXXX";
    write_input(path, "{\"attention\":[[[0.5,0.5],[1,0],[0.25,0.75]],[[0.5,0.5],[0,1],[1,0]]],"
                      "\"key_tokens\":[\"a\",\"cat\"],\"grid\":[1,3]}");
    const struct selection all = {0}, head = {.heads = (size_t[]){1}, .head_count = 1};
    assert_titles(path, (struct patch_options){0}, all, "weights of the patches on each key", "head 0 · “a”");
    const struct drawing *drawing = &made.picture.drawing;
    assert_int_equal(drawing->map_count, 4);
    assert_int_equal(drawing->across, 2);
    assert_string_equal(drawing->row_titles[1], "head 1");
    assert_string_equal(drawing->column_titles[1], "“cat”");
    assert_true(drawing->maps[1].values[2] == 0.75F && drawing->maps[2].values[2] == 1);
    assert_int_equal(drawing->rows * drawing->columns, 3);
    assert_false(drawing->has_mark);
    assert_titles(path, (struct patch_options){0}, head, "weights of the patches on each key",
                  "head 1 · “a”");
    assert_int_equal(made.picture.drawing.across, 0);
    assert_titles(path, (struct patch_options){.at = "cat"}, all, "looking at “cat”", "head 0");
    assert_true(made.picture.drawing.maps[0].values[2] == 0.75F && made.patches.largest == 1);
    unlink(path);

    char self[] = "/tmp/attn-test-XXXXXX";
    write_input(self, "{\"attention\":[[0.5,0.5],[0.25,0.75]],\"grid\":[1,2],\"grid_axis\":\"queries\"}");
    assert_titles(self, (struct patch_options){.at = "1"}, all, "looking at row 0, column 1", "");
    assert_true(made.picture.drawing.has_mark && made.picture.drawing.mark_column == 1);
    assert_titles(self, (struct patch_options){0}, all, "weights of the patches on each key",
                  "row 0, column 0");
    assert_false(made.picture.drawing.has_mark);
    unlink(self);
}

/* Heads with one mask have one list of masked cells, also of given weights, but where these lie on masked pairs. */
static void test_masks_are_unpacked_once(void **state)
{
    (void)state;
    char same[] = "/tmp/attn-pictures-XXXXXX", two[] = "/tmp/attn-pictures-XXXXXX";
    char given[] = "/tmp/attn-pictures-XXXXXX";
    write_input(same, "{\"causal\":true,\"q\":[[[1,0],[0,1]],[[1,2],[2,1]],[[1,1],[0,0]]],"
                      "\"k\":[[[1,0],[0,1]],[[1,2],[2,1]],[[1,1],[0,0]]]}");
    const struct drawing *drawing = make(same, (struct asked){.stage = STAGE_WEIGHTS});
    assert_true(drawing->maps[0].masked && drawing->maps[0].masked[1] && !drawing->maps[0].masked[2]);
    assert_ptr_equal(drawing->maps[1].masked, drawing->maps[0].masked);
    assert_ptr_equal(drawing->maps[2].masked, drawing->maps[0].masked);
    write_input(two, "{\"causal\":true,\"window\":[[1,0],[0,0],[1,0]],\"q\":[[[1],[0]],[[1],[2]],[[1],[0]]],"
                     "\"k\":[[[1],[0]],[[1],[2]],[[1],[0]]]}");
    drawing = make(two, (struct asked){.stage = STAGE_WEIGHTS});
    assert_true(drawing->maps[1].masked[2] && !drawing->maps[0].masked[2]);
    assert_ptr_equal(drawing->maps[2].masked, drawing->maps[0].masked);
    write_input(given, "{\"causal\":true,\"attention\":[[[[1,0],[0.5,0.5]],[[1,0],[0.2,0.8]]],"
                       "[[[1,0],[1,0]],[[0.9,0.1],[0,1]]]]}");
    drawing = make(given, (struct asked){.stage = STAGE_WEIGHTS});
    assert_true(drawing->maps[0].masked[1] && !drawing->maps[0].masked[2]);
    assert_ptr_equal(drawing->maps[1].masked, drawing->maps[0].masked);
    assert_true(drawing->maps[2].masked[1] && !drawing->maps[2].masked[2]);
    assert_true(!drawing->maps[3].masked || !drawing->maps[3].masked[1]); /* it has weight, and is shown */
    drawing = make(given, (struct asked){.stage = STAGE_MASK});
    assert_true(drawing->maps[0].masked[1]);
    unlink(same);
    unlink(two);
    unlink(given);
}

static int end(void **state)
{
    (void)state;
    unmake();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_of_all_heads),
        cmocka_unit_test(test_measures_are_those_of_the_stage),
        cmocka_unit_test(test_one_head_is_named_in_the_title),
        cmocka_unit_test(test_numbers_begin_where_the_selection_does),
        cmocka_unit_test(test_titles_of_rows_and_columns_of_panels),
        cmocka_unit_test(test_patches),
        cmocka_unit_test(test_titles_of_patches_among_tokens),
        cmocka_unit_test(test_patches_that_are_queries),
        cmocka_unit_test(test_masks_are_unpacked_once),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
