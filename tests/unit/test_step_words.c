/* The words of a figure of steps say what was computed, and no more. */
#include "scenes.h"

#include "view/step_words.h"

static const enum stage all[] = {STAGE_Q,      STAGE_K,       STAGE_SCORES, STAGE_SCALED,
                                 STAGE_MASKED, STAGE_WEIGHTS, STAGE_V,      STAGE_OUTPUT};
enum { ALL = sizeof all / sizeof *all };

static struct scene scene;
static struct excerpt excerpt;
static struct step_words words;

static void compute(struct selection selection)
{
    scene_compute(&scene, (struct request){.stages = 0xff}, selection);
    excerpt = excerpt_of(&scene.result, selection);
}

static int forget(void **state)
{
    (void)state;
    excerpt_free(&excerpt);
    scene_free(&scene);
    scene = (struct scene){0};
    excerpt = (struct excerpt){0};
    return 0;
}

/* What is said of the last of `count` stages in layer 1, head 2: title|subtitle|above|sign|below. */
static const char *said(const enum stage *stages, size_t count)
{
    static char text[5 * STEP_WORD + 5];
    step_words_find(&words, &excerpt, stages, count - 1, 1, 2, step_output_is_plain(&excerpt, 1));
    snprintf(text, sizeof text, "%s|%s|%s|%s|%s", words.title, words.subtitle, words.above, words.sign,
             words.below);
    return text;
}

static void assert_steps(const char *const wanted[ALL])
{
    for (size_t i = 0; i < ALL; i++)
        if (wanted[i])
            assert_string_equal(said(all, i + 1), wanted[i]);
}

static void test_default(void **state)
{
    (void)state;
    static const char *const wanted[ALL] = {"q|5 × 3|||",        "k|6 × 3||·|",
                                            "scores|q·kᵀ||ᵀ =|", "scaled|÷ √3|÷ √3|→|",
                                            "masked|||→|",       "weights|each row sums to 1|softmax|→|",
                                            "v|6 × 2||·|",       "output|weights·v||=|"};
    scene_begin(&scene);
    compute((struct selection){0});
    assert_steps(wanted);
    assert_false(step_changes_masked(&excerpt, 1, 2));
}

static void test_settings(void **state)
{
    (void)state;
    static const char *const wanted[ALL] = {[3] = "scaled|÷ √3 ÷ 2|÷ √3 ÷ 2|→|softcap 30",
                                            [4] = "masked|masked: −∞|mask|→|+ bias",
                                            [5] = "weights||softmax of top 2|→|with sink"};
    scene_begin(&scene);
    scene.inputs.all.tensor[INPUT_BIAS] = numbers(5, LAYERS, HEADS, N, M);
    set(&scene, SETTING_TEMPERATURE, "2");
    set(&scene, SETTING_SOFTCAP, "30");
    set(&scene, SETTING_CAUSAL, "start");
    set(&scene, SETTING_SINK, "1");
    set(&scene, SETTING_TOP_K, "2");
    compute((struct selection){0});
    assert_steps(wanted);
    assert_true(step_changes_masked(&excerpt, 1, 2));
}

static void test_scale_of_the_head(void **state)
{
    (void)state;
    scene_begin(&scene);
    set(&scene, SETTING_SCALE, "1,2,0.25,4");
    compute((struct selection){0});
    assert_string_equal(said(all, 4), "scaled|× 0.25|× 0.25|→|");
}

static void test_other_scores(void **state)
{
    (void)state;
    static const char *const wanted[ALL] = {[1] = "k|6 × 3|||",
                                            [2] = "scores|-|q - k|²/2||→|",
                                            [3] = "scaled|× 1|× 1|→|",
                                            [5] = "weights|each row sums to 1|sparsemax|→|"};
    scene_begin(&scene);
    set(&scene, SETTING_SCORE, "distance");
    set(&scene, SETTING_NORMALIZER, "sparsemax");
    compute((struct selection){0});
    assert_steps(wanted);
}

static void test_output_of_all_heads(void **state)
{
    (void)state;
    scene_begin(&scene);
    scene.inputs.all.tensor[INPUT_W_O] = numbers(6, HEADS * D_V, 4, 0, 0);
    compute((struct selection){0});
    assert_string_equal(said(all, ALL), "output||all heads · w_o|→|");
}

/* bug: of a factor of queries and a softcap, of a Gaussian and dropout one was said, and a layer norm was not. */
static void test_bug_all_that_is_done_is_said(void **state)
{
    (void)state;
    static const char *const wanted[ALL] = {[3] = "scaled|÷ √3|÷ √3|→|× query_scale, softcap 30",
                                            [5] = "weights||softmax|→|with sink, × Gaussian, dropout",
                                            [7] = "output||all heads|→|gate, layer norm"};
    static const struct {
        enum setting setting;
        const char *value;
    } settings[] = {{SETTING_SOFTCAP, "30"},
                    {SETTING_SINK, "1"},
                    {SETTING_SIGMA, "2"},
                    {SETTING_DROPOUT, "0.5"},
                    {SETTING_NORM, "post"}};
    scene_begin(&scene);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        set(&scene, settings[i].setting, settings[i].value);
    scene.inputs.all.tensor[INPUT_QUERY_SCALE] = numbers(7, N, 0, 0, 0);
    scene.inputs.all.tensor[INPUT_CENTERS] = numbers(8, N, 0, 0, 0);
    scene.inputs.all.tensor[INPUT_GATE] = numbers(9, N, HEADS, 0, 0);
    compute((struct selection){0});
    assert_steps(wanted);
}

/* A sign is only there where everything that it speaks of is. */
static void test_stages_that_are_left_out(void **state)
{
    (void)state;
    static const enum stage some[] = {STAGE_K, STAGE_SCORES, STAGE_WEIGHTS, STAGE_OUTPUT},
                            values[] = {STAGE_V, STAGE_OUTPUT},
                            marked[] = {STAGE_SCORES, STAGE_MASK, STAGE_MASKED},
                            unmasked[] = {STAGE_SCALED, STAGE_WEIGHTS};
    scene_begin(&scene);
    set(&scene, SETTING_WINDOW, "1");
    compute((struct selection){0});
    assert_string_equal(said(some, 2), "scores|q·kᵀ||→|");
    assert_string_equal(said(some, 3), "weights|each row sums to 1||→|");
    assert_string_equal(said(some, 4), "output|weights·v||→|");
    assert_string_equal(said(values, 2), "output|weights·v|||");
    assert_string_equal(said(marked, 2), "mask||||");
    assert_string_equal(said(marked, 3), "masked|masked: −∞||→|");
    assert_string_equal(said(unmasked, 2), "weights|each row sums to 1||→|");
}

/* bug: weights of some keys times their values were said to be the output of all. */
static void test_keys_that_are_left_out(void **state)
{
    (void)state;
    static const char *const wanted[ALL] = {
        [5] = "weights||softmax|→|of all keys", [6] = "v|3 × 2||·|", [7] = "output||all keys|→|"};
    scene_begin(&scene);
    compute((struct selection){.key_first = 1, .key_end = 4});
    assert_steps(wanted);
}

static void test_means_have_no_signs(void **state)
{
    (void)state;
    scene_begin(&scene);
    compute((struct selection){.average_heads = true});
    step_words_find(&words, &excerpt, all, 5, 0, 0, true);
    assert_string_equal(words.sign, "");
    assert_string_equal(words.above, "");
    step_words_find(&words, &excerpt, all, 3, 0, 0, true);
    assert_string_equal(words.subtitle, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_default, forget),
        cmocka_unit_test_teardown(test_settings, forget),
        cmocka_unit_test_teardown(test_scale_of_the_head, forget),
        cmocka_unit_test_teardown(test_other_scores, forget),
        cmocka_unit_test_teardown(test_output_of_all_heads, forget),
        cmocka_unit_test_teardown(test_bug_all_that_is_done_is_said, forget),
        cmocka_unit_test_teardown(test_stages_that_are_left_out, forget),
        cmocka_unit_test_teardown(test_keys_that_are_left_out, forget),
        cmocka_unit_test_teardown(test_means_have_no_signs, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
