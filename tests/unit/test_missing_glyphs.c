/* The warning of characters without a glyph (view/missing_glyphs.h): which labels it is of. */
#include "scenes.h"

#include "base/text.h"
#include "view/missing_glyphs.h"

static void label(struct labels *labels, size_t count, const char *last)
{
    labels->text = calloc(count, sizeof *labels->text);
    assert_non_null(labels->text);
    for (; labels->count < count; labels->count++)
        labels->text[labels->count] = text_copy(labels->count + 1 < count ? "a" : last);
    labels->given = true;
}

/* The warning for a stage of an excerpt, or none where `wanted` is NULL. */
static void assert_warning(const struct result *result, struct selection selection, enum stage stage,
                           const char *wanted)
{
    struct excerpt excerpt = excerpt_of(result, selection);
    struct warnings warnings = {0};
    struct error error = {0};
    assert_true(missing_glyphs_warn(&excerpt, &stage, 1, NULL, NULL, &warnings, &error));
    assert_int_equal(warnings.count, wanted != NULL);
    if (wanted)
        assert_string_equal(warnings.text[0], wanted);
    warnings_free(&warnings);
    excerpt_free(&excerpt);
}

/* Of queries and keys that are drawn, and of no others. */
static void labels_beside_a_stage_are_looked_at(void **state)
{
    (void)state;
    static const char key[] =
        "the fonts have no glyph for 1 character, drawn as a box of hexadecimal code: U+0928",
                      both[] =
                          "the fonts have no glyph for 2 characters, drawn as boxes of hexadecimal code; the "
                          "first is U+0905";
    struct scene scene = {0};
    scene_begin(&scene);
    label(&scene.inputs.tokens, N, "\u0905");
    label(&scene.inputs.key_tokens, M, "\u0928\u0928");
    scene_compute(&scene, (struct request){.stages = 1u << STAGE_K | 1u << STAGE_Q}, (struct selection){0});
    const struct result *result = &scene.result;
    assert_warning(result, (struct selection){0}, STAGE_WEIGHTS, both);
    assert_warning(result, (struct selection){.query_end = N - 1}, STAGE_WEIGHTS, key);
    assert_warning(result, (struct selection){.query_end = N - 1, .key_end = M - 1}, STAGE_WEIGHTS, NULL);
    assert_warning(result, (struct selection){0}, STAGE_K, key);
    assert_warning(result, (struct selection){.query_end = N - 1}, STAGE_Q, NULL);
    scene_free(&scene);
}

/* Where queries are patches, the keys that have a map, or the one that is looked at. */
static void keys_of_maps_are_looked_at(void **state)
{
    (void)state;
    static const struct {
        struct patch_options options;
        const char *wanted;
    } rows[] = {
        {{0}, "the fonts have no glyph for 1 character, drawn as a box of hexadecimal code: U+0928"},
        {{.at = "0"}, NULL},
        {{.at = "1"}, "the fonts have no glyph for 1 character, drawn as a box of hexadecimal code: U+0928"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scene scene = {0};
        struct patch_view patches = {0};
        struct selection all = {0};
        struct request request = {.selection = &all, .max_weights = 1000};
        struct error error = {0};
        bool over;
        enum stage stage = STAGE_WEIGHTS;
        struct warnings warnings = {0};
        scene.inputs.all.tensor[INPUT_ATTENTION] = numbers(1, 3, 2, 0, 0);
        scene.inputs.patch_grid[0] = 1;
        scene.inputs.patch_grid[1] = 3;
        label(&scene.inputs.key_tokens, 2, "\u0928");
        scene_compute(&scene, (struct request){0}, (struct selection){0});
        struct excerpt excerpt = excerpt_of(&scene.result, (struct selection){0});
        assert_true(selection_check(&all, &scene.problem, &error) &&
                    patch_view_plan(&patches, &over, &rows[i].options, &scene.problem, &request, &error) &&
                    over && missing_glyphs_warn(&excerpt, &stage, 1, &patches, NULL, &warnings, &error));
        assert_int_equal(warnings.count, rows[i].wanted != NULL);
        if (rows[i].wanted)
            assert_string_equal(warnings.text[0], rows[i].wanted);
        warnings_free(&warnings);
        patch_view_free(&patches);
        excerpt_free(&excerpt);
        scene_free(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_beside_a_stage_are_looked_at),
        cmocka_unit_test(keys_of_maps_are_looked_at),
    };
    return cmocka_run_group_tests_name("missing_glyphs", tests, NULL, NULL);
}
