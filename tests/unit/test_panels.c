/* Which matrices are drawn, and how they are called (view/panels.h). */
#include "scenes.h"

#include "problem/settings_parse.h"
#include "view/panels.h"

static const size_t second[] = {1}, some[] = {3, 2, 0};

/* The panels of a stage of an excerpt, their titles and brief titles in order, behind one another. */
static void assert_titles(const struct result *result, struct selection selection, enum stage stage,
                          const char *titles, const char *brief, const char *files)
{
    struct excerpt excerpt = excerpt_of(result, selection);
    struct panels panels = {0};
    struct error error = {0};
    char said[3][2000] = {"", "", ""}, name[PANEL_NAME];
    assert_true(panels_find(&panels, &excerpt, stage, &error));
    for (size_t l = 0; l < excerpt.layer_count; l++)
        for (size_t i = 0; i < panels.count; i++) {
            panels_title(&panels, l, i, false, name);
            strcat(strcat(said[0], name), "\n");
            panels_title(&panels, l, i, true, name);
            strcat(strcat(said[1], name), "\n");
            panels_file(&panels, l, i, name);
            strcat(strcat(said[2], name), "\n");
        }
    assert_string_equal(said[0], titles);
    assert_string_equal(said[1], brief);
    assert_string_equal(said[2], files);
    panels_free(&panels);
    excerpt_free(&excerpt);
}

static void titles_name_layers_and_heads(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_begin(&scene);
    set(&scene, SETTING_CAUSAL, "start");
    scene_compute(&scene, (struct request){.stages = 1u << STAGE_K | 1u << STAGE_Q | 1u << STAGE_MASK},
                  (struct selection){0});
    const struct result *result = &scene.result;
    assert_titles(result, (struct selection){.heads = some, .head_count = 3}, STAGE_WEIGHTS,
                  "layer 0 · head 3\nlayer 0 · head 2\nlayer 0 · head 0\n"
                  "layer 1 · head 3\nlayer 1 · head 2\nlayer 1 · head 0\n",
                  "L0 H3\nL0 H2\nL0 H0\nL1 H3\nL1 H2\nL1 H0\n",
                  "layer0-head3\nlayer0-head2\nlayer0-head0\nlayer1-head3\nlayer1-head2\nlayer1-head0\n");
    assert_titles(result, (struct selection){.layers = second, .layer_count = 1}, STAGE_Q,
                  "layer 1 · head 0\nlayer 1 · head 1\nlayer 1 · head 2\nlayer 1 · head 3\n",
                  "L1 H0\nL1 H1\nL1 H2\nL1 H3\n", "layer1-head0\nlayer1-head1\nlayer1-head2\nlayer1-head3\n");
    assert_titles(result, (struct selection){.heads = some, .head_count = 3, .average_heads = true},
                  STAGE_WEIGHTS, "layer 0 · mean of 3 heads\nlayer 1 · mean of 3 heads\n",
                  "L0 mean of 3 heads\nL1 mean of 3 heads\n", "layer0-mean\nlayer1-mean\n");
    assert_titles(result, (struct selection){.heads = second, .head_count = 1, .average_heads = true},
                  STAGE_K, "layer 0 · mean of 1 head\nlayer 1 · mean of 1 head\n",
                  "L0 mean of 1 head\nL1 mean of 1 head\n", "layer0-mean\nlayer1-mean\n");
    /* The output is of all heads, and so are masks that all have. */
    assert_titles(result, (struct selection){0}, STAGE_OUTPUT, "layer 0\nlayer 1\n", "L0\nL1\n",
                  "layer0\nlayer1\n");
    assert_titles(result, (struct selection){0}, STAGE_MASK, "layer 0 · all heads\nlayer 1 · all heads\n",
                  "L0 all heads\nL1 all heads\n", "layer0\nlayer1\n");
    assert_titles(result, (struct selection){.heads = second, .head_count = 1}, STAGE_MASK,
                  "layer 0 · head 1\nlayer 1 · head 1\n", "L0 H1\nL1 H1\n", "layer0-head1\nlayer1-head1\n");
    scene_free(&scene);
}

/* A mean over layers has no layer of its own; one over both is one matrix. */
static void titles_name_means_over_layers(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_begin(&scene);
    set(&scene, SETTING_CAUSAL, "start");
    scene_compute(&scene, (struct request){.stages = 1u << STAGE_K | 1u << STAGE_MASK},
                  (struct selection){0});
    const struct result *result = &scene.result;
    assert_titles(result, (struct selection){.heads = some, .head_count = 3, .average_layers = true},
                  STAGE_WEIGHTS,
                  "mean of 2 layers · head 3\nmean of 2 layers · head 2\nmean of 2 layers · head 0\n",
                  "mean of 2 layers H3\nmean of 2 layers H2\nmean of 2 layers H0\n",
                  "mean-head3\nmean-head2\nmean-head0\n");
    assert_titles(result, (struct selection){.layers = second, .layer_count = 1, .average_layers = true},
                  STAGE_K, "mean of 1 layer · kv head 0\nmean of 1 layer · kv head 1\n",
                  "mean of 1 layer KV0\nmean of 1 layer KV1\n", "mean-kv-head0\nmean-kv-head1\n");
    const struct selection both = {.average_layers = true, .average_heads = true};
    assert_titles(result, both, STAGE_WEIGHTS, "mean of 2 layers and 4 heads\n",
                  "mean of 2 layers and 4 heads\n", "mean\n");
    assert_titles(result, both, STAGE_OUTPUT, "mean of 2 layers\n", "mean of 2 layers\n", "mean\n");
    assert_titles(result, (struct selection){.average_layers = true}, STAGE_MASK,
                  "mean of 2 layers · all heads\n", "mean of 2 layers all heads\n", "mean\n");
    scene_free(&scene);
}

/* Each head of keys and values once, by its own number, also where it serves several chosen heads. */
static void titles_name_kv_heads(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_begin(&scene);
    scene_compute(&scene, (struct request){.stages = 1u << STAGE_K | 1u << STAGE_V}, (struct selection){0});
    assert_titles(&scene.result, (struct selection){.layers = second, .layer_count = 1}, STAGE_K,
                  "layer 1 · kv head 0\nlayer 1 · kv head 1\n", "L1 KV0\nL1 KV1\n",
                  "layer1-kv-head0\nlayer1-kv-head1\n");
    assert_titles(&scene.result, (struct selection){.heads = some, .head_count = 3}, STAGE_V,
                  "layer 0 · kv head 1\nlayer 0 · kv head 0\nlayer 1 · kv head 1\nlayer 1 · kv head 0\n",
                  "L0 KV1\nL0 KV0\nL1 KV1\nL1 KV0\n",
                  "layer0-kv-head1\nlayer0-kv-head0\nlayer1-kv-head1\nlayer1-kv-head0\n");
    scene_free(&scene);
}

/* One layer and one head need no names, but files do. */
static void what_there_is_one_of_has_no_name(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene.inputs.all.tensor[INPUT_Q] = numbers(1, 4, N, D_K, 0);
    scene.inputs.all.tensor[INPUT_K] = numbers(2, 1, M, D_K, 0);
    scene_compute(&scene, (struct request){.stages = 1u << STAGE_K}, (struct selection){0});
    assert_titles(&scene.result, (struct selection){.heads = second, .head_count = 1}, STAGE_WEIGHTS,
                  "head 1\n", "H1\n", "layer0-head1\n");
    assert_titles(&scene.result, (struct selection){0}, STAGE_K, "\n", "\n", "layer0-kv-head0\n");
    scene_free(&scene);

    scene.inputs.all.tensor[INPUT_Q] = numbers(1, 2, 1, N, D_K);
    scene.inputs.all.tensor[INPUT_K] = numbers(2, 2, 1, M, D_K);
    scene_compute(&scene, (struct request){.stages = 1u << STAGE_K}, (struct selection){0});
    assert_titles(&scene.result, (struct selection){0}, STAGE_WEIGHTS, "layer 0\nlayer 1\n", "L0\nL1\n",
                  "layer0-head0\nlayer1-head0\n");
    scene_free(&scene);
}

/* Masks that differ in one pair of one layer have a panel each; where that pair is left out they have one. */
static void masks_that_differ_have_panels_of_their_own(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_begin(&scene);
    struct tensor *mask = &scene.inputs.all.tensor[INPUT_MASK];
    *mask = numbers(4, LAYERS, HEADS, N, M);
    for (size_t i = 0; i < tensor_count(mask); i++)
        mask->data[i] = i != ((1 * HEADS + 3) * N + 2) * M + 5;
    scene_compute(&scene, (struct request){.stages = 1u << STAGE_MASK}, (struct selection){0});
    assert_titles(&scene.result, (struct selection){.layers = second, .layer_count = 1}, STAGE_MASK,
                  "layer 1 · head 0\nlayer 1 · head 1\nlayer 1 · head 2\nlayer 1 · head 3\n",
                  "L1 H0\nL1 H1\nL1 H2\nL1 H3\n", "layer1-head0\nlayer1-head1\nlayer1-head2\nlayer1-head3\n");
    assert_titles(&scene.result, (struct selection){.key_end = 5}, STAGE_MASK,
                  "layer 0 · all heads\nlayer 1 · all heads\n", "L0 all heads\nL1 all heads\n",
                  "layer0\nlayer1\n");
    assert_titles(&scene.result, (struct selection){.query_first = 3}, STAGE_MASK,
                  "layer 0 · all heads\nlayer 1 · all heads\n", "L0 all heads\nL1 all heads\n",
                  "layer0\nlayer1\n");
    scene_free(&scene);
}

/* The names of the columns of an encoding of two layers, separated by ", "; "" where there are none. */
static void assert_columns(const char *position, const char *other_position, const char *base,
                           const char *wanted)
{
    struct scene scene = {0};
    struct panels panels = {0};
    struct error error = {0};
    scene.inputs.all.tensor[INPUT_Q] = numbers(1, LAYERS, 1, N, 4);
    scene.inputs.all.tensor[INPUT_K] = numbers(2, LAYERS, 1, M, 4);
    scene.inputs.layers = calloc(LAYERS, sizeof *scene.inputs.layers);
    assert_non_null(scene.inputs.layers);
    scene.inputs.layer_count = LAYERS;
    set(&scene, SETTING_POSITION, position);
    set(&scene, SETTING_POSITION_BASE, base);
    if (other_position)
        assert_true(settings_parse(&scene.inputs.layers[1].settings, SETTING_POSITION, other_position, "it",
                                   ERROR_USAGE, &error));
    scene_compute(&scene, (struct request){.stages = 1u << STAGE_ENCODING}, (struct selection){0});
    for (int mean = 0; mean < 2; mean++) { /* of each layer, and of the mean over both */
        struct excerpt excerpt = excerpt_of(&scene.result, (struct selection){.average_layers = mean});
        char said[200] = "";
        assert_true(panels_find(&panels, &excerpt, STAGE_ENCODING, &error));
        for (size_t c = 0; panels.columns && panels.columns[c]; c++)
            strcat(strcat(said, c > 0 ? ", " : ""), panels.columns[c]);
        assert_string_equal(said, wanted);
        assert_int_equal(panels.count, 1);
        panels_free(&panels);
        excerpt_free(&excerpt);
    }
    scene_free(&scene);
}

static void columns_of_an_encoding_are_named(void **state)
{
    (void)state;
    assert_columns("rotary", NULL, "100", "cos p, cos p/10, sin p, sin p/10");
    assert_columns("rotary", NULL, "100000000", "cos p, cos p/10000, sin p, sin p/10000");
    assert_columns("rotary", "rotary-interleaved", "100", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(titles_name_layers_and_heads),
        cmocka_unit_test(titles_name_means_over_layers),
        cmocka_unit_test(titles_name_kv_heads),
        cmocka_unit_test(what_there_is_one_of_has_no_name),
        cmocka_unit_test(masks_that_differ_have_panels_of_their_own),
        cmocka_unit_test(columns_of_an_encoding_are_named),
    };
    return cmocka_run_group_tests_name("panels", tests, NULL, NULL);
}
