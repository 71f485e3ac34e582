/* What writers make of excerpts, byte by byte (write/write.h). That it reads back is tested in tests/cli and
 * tests/numpy. */
#include "scenes.h"

#include <math.h>

#include "base/text.h"
#include "base/workers.h"
#include "problem/settings_parse.h"
#include "write/write.h"

static const size_t second[] = {1}, turned[] = {1, 0};

/* What a writer makes of a part, as a string; of NPY its size too. The caller frees it. */
static char *written(const struct writer *writer, const struct result *result, struct selection selection,
                     enum stage stage, size_t *size)
{
    struct excerpt excerpt = excerpt_of(result, selection);
    struct error error = {0};
    struct out out;
    out_begin(&out, -1, "memory");
    const struct content content = {.stages = {stage}, .stage_count = 1};
    const struct excerpts all = {.list = &excerpt, .count = 1};
    assert_true(writer->write(&all, &content, &out, &error));
    *size = out.size;
    out_char(&out, 0);
    assert_true(out_finish(&out, &error));
    excerpt_free(&excerpt);
    return out.data;
}

static void assert_csv(const struct result *result, struct selection selection, enum stage stage,
                       const char *wanted)
{
    size_t size;
    char *text = written(&writer_csv, result, selection, stage, &size);
    assert_string_equal(text, wanted);
    free(text);
}

/* The text between two marks of a JSON, which must hold the first. */
static void assert_json(const struct result *result, struct selection selection, const char *from,
                        const char *to, const char *wanted)
{
    size_t size;
    char *text = written(&writer_json, result, selection, STAGE_WEIGHTS, &size), *begin = strstr(text, from);
    assert_non_null(begin);
    begin += strlen(from);
    char *end = strstr(begin, to);
    assert_non_null(end);
    *end = 0;
    assert_string_equal(begin, wanted);
    free(text);
}

static bool json_holds(const struct result *result, struct selection selection, const char *part)
{
    size_t size;
    char *text = written(&writer_json, result, selection, STAGE_WEIGHTS, &size);
    bool holds = strstr(text, part);
    free(text);
    return holds;
}

/* Two heads of given weights: one query, as many keys as there are labels. */
static void scene_of_labels(struct scene *scene, const char *const *text, size_t count)
{
    scene->inputs.all.tensor[INPUT_ATTENTION] = numbers(1, 2, 1, count, 0);
    for (size_t i = 0; i < 2 * count; i++)
        scene->inputs.all.tensor[INPUT_ATTENTION].data[i] = (float)i / 4;
    struct labels *labels = &scene->inputs.key_tokens;
    labels->text = malloc(count * sizeof *labels->text);
    assert_non_null(labels->text);
    for (; labels->count < count; labels->count++)
        labels->text[labels->count] = text_copy(text[labels->count]);
    labels->given = true;
    scene_compute(scene, (struct request){0}, (struct selection){0});
}

/* Whatever a reader would split at, take for a quote or a comment, or trim. */
static void csv_quotes_labels(void **state)
{
    (void)state;
    static const struct {
        const char *label, *field;
    } cases[] = {
        {"plain", "plain"},     {"a b", "a b"},       {"a;b", "\"a;b\""},   {";", "\";\""},
        {"a,b", "\"a,b\""},     {"a\tb", "\"a\tb\""}, {"a\nb", "\"a\nb\""}, {"a\rb", "\"a\rb\""},
        {"a\"b", "\"a\"\"b\""}, {"#a", "\"#a\""},     {"", "\"\""},         {" a", "\" a\""},
        {"a ", "\"a \""},       {"'a", "\"'a\""},     {"a'", "a'"},         {"a\xC0\x80z", "a␀z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene scene = {0};
        char wanted[200];
        scene_of_labels(&scene, &cases[i].label, 1);
        snprintf(wanted, sizeof wanted,
                 "layer,head,query,key,query_token,key_token,weight,masked\n0,0,0,0,0,%s,0,0\n0,1,0,0,0,%s,0."
                 "25,0\n",
                 cases[i].field, cases[i].field);
        assert_csv(&scene.result, (struct selection){0}, STAGE_WEIGHTS, wanted);
        scene_free(&scene);
    }
}

static void csv_counts_within_the_whole(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_of_labels(&scene, (const char *const[]){"x", "y", "z"}, 3);
    assert_csv(
        &scene.result, (struct selection){.heads = second, .head_count = 1, .key_first = 1}, STAGE_WEIGHTS,
        "layer,head,query,key,query_token,key_token,weight,masked\n0,1,0,1,0,y,1,0\n0,1,0,2,0,z,1.25,0\n");
    /* Of a mean the head is 0. */
    assert_csv(&scene.result,
               (struct selection){.heads = second, .head_count = 1, .key_first = 2, .average_heads = true},
               STAGE_WEIGHTS,
               "layer,head,query,key,query_token,key_token,weight,masked\n0,0,0,2,0,z,1.25,0\n");
    scene_free(&scene);
}

/* Two layers of two heads over one of keys and values: numbers that count up. */
static void scene_of_counts(struct scene *scene, unsigned stages)
{
    struct tensor *tensor = scene->inputs.all.tensor;
    tensor[INPUT_Q] = numbers(1, 2, 2, 2, 1);
    tensor[INPUT_K] = numbers(2, 2, 1, 2, 1);
    tensor[INPUT_V] = numbers(3, 2, 1, 2, 1);
    for (size_t i = 0; i < 8; i++)
        tensor[INPUT_Q].data[i] = 0;
    for (size_t i = 0; i < 4; i++) {
        tensor[INPUT_K].data[i] = (float)i;
        tensor[INPUT_V].data[i] = (float)i / 2;
    }
    set(scene, SETTING_CAUSAL, "start");
    scene_compute(scene, (struct request){.stages = stages}, (struct selection){0});
}

static void csv_names_features_and_heads(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_of_counts(&scene, 1u << STAGE_K | 1u << STAGE_SCORES | 1u << STAGE_MASK | 1u << STAGE_MASKED);
    struct selection layer = {.layers = second, .layer_count = 1};
    assert_csv(&scene.result, layer, STAGE_K,
               "layer,head,key,feature,key_token,value\n1,0,0,0,0,2\n1,0,1,0,1,3\n");
    layer.key_first = 1;
    assert_csv(&scene.result, layer, STAGE_K, "layer,head,key,feature,key_token,value\n1,0,1,0,1,3\n");
    layer.key_first = 0;
    /* The output of all heads is of head 0, whichever are chosen. */
    layer.heads = second;
    layer.head_count = 1;
    layer.query_first = 1;
    assert_csv(&scene.result, layer, STAGE_OUTPUT,
               "layer,head,query,feature,query_token,value\n1,0,1,0,1,1.25\n");
    assert_csv(&scene.result, layer, STAGE_K,
               "layer,head,key,feature,key_token,value\n1,1,0,0,0,2\n1,1,1,0,1,3\n");
    layer.average_heads = true;
    assert_csv(&scene.result, layer, STAGE_K,
               "layer,head,key,feature,key_token,value\n1,0,0,0,0,2\n1,0,1,0,1,3\n");
    layer.average_heads = false;
    layer.query_first = 0;
    layer.query_end = 1;
    assert_csv(
        &scene.result, layer, STAGE_SCORES,
        "layer,head,query,key,query_token,key_token,raw_score,masked\n1,1,0,0,0,0,0,0\n1,1,0,1,0,1,0,1\n");
    assert_csv(&scene.result, layer, STAGE_MASKED,
               "layer,head,query,key,query_token,key_token,masked_score,masked\n1,1,0,0,0,0,0,0\n1,1,0,1,0,1,"
               "-inf,1\n");
    assert_csv(
        &scene.result, layer, STAGE_MASK,
        "layer,head,query,key,query_token,key_token,allowed,masked\n1,1,0,0,0,0,1,0\n1,1,0,1,0,1,0,1\n");
    scene_free(&scene);
}

/* A header of whole lines of 64 bytes, then the numbers. */
static void assert_npy(const struct result *result, struct selection selection, enum stage stage,
                       const char *shape, const float *numbers_wanted, size_t count)
{
    size_t size;
    char *bytes = written(&writer_npy, result, selection, stage, &size), header[200];
    snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape);
    assert_memory_equal(bytes, "\x93NUMPY\x01\x00", 8);
    size_t length = (size_t)(unsigned char)bytes[8] + ((size_t)(unsigned char)bytes[9] << 8);
    assert_int_equal((10 + length) % 64, 0);
    assert_memory_equal(bytes + 10, header, strlen(header));
    assert_int_equal(bytes[10 + length - 1], '\n');
    assert_int_equal(size, 10 + length + count * sizeof(float));
    assert_memory_equal(bytes + 10 + length, numbers_wanted, count * sizeof(float));
    free(bytes);
}

static void npy_is_packed(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_of_counts(&scene, 1u << STAGE_K | 1u << STAGE_MASK);
    struct selection chosen = {.layers = turned, .layer_count = 2, .key_first = 1};
    assert_npy(&scene.result, chosen, STAGE_K, "2, 1, 1, 1", (const float[]){3, 1}, 2);
    assert_npy(&scene.result, chosen, STAGE_WEIGHTS, "2, 2, 2, 1",
               (const float[]){0, 0.5f, 0, 0.5f, 0, 0.5f, 0, 0.5f}, 8);
    assert_npy(&scene.result, chosen, STAGE_MASK, "2, 2, 2, 1", (const float[]){0, 1, 0, 1, 0, 1, 0, 1}, 8);
    chosen = (struct selection){.heads = second, .head_count = 1};
    assert_npy(&scene.result, chosen, STAGE_OUTPUT, "2, 2, 1", (const float[]){0, 0.25f, 1, 1.25f}, 4);
    scene_free(&scene);
}

static void json_says_what_was_chosen(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_of_counts(&scene, 0);
    const struct result *result = &scene.result;
    struct selection chosen = {
        .layers = turned, .layer_count = 2, .heads = second, .head_count = 1, .query_first = 1};
    assert_json(result, chosen, "\"selection\":", ",\n",
                "{\"layers\":[1,0],\"heads\":[1],\"average\":null,\"queries\":[1,2],\"keys\":[0,2]}");
    assert_json(result, chosen, "\"tokens\":", ",\n", "[\"1\"]");
    /* Query 1 is the first here; of it all keys are allowed, so no mask is written. */
    assert_json(result, chosen, "\"causal\":", "}", "false,\"offset\":1");
    assert_json(result, chosen, "\"mask\":", ",\n", "[[1,1]]");
    assert_json(result, chosen, "\"output\":", ",\n\"pairs", "[[[1.25]],\n[[0.25]]]");
    assert_json(result, chosen, "\"allowed\":", "}", "[[3],[3]]");
    chosen.average_heads = true;
    assert_json(result, chosen, "\"selection\":", ",\n",
                "{\"layers\":[1,0],\"heads\":[1],\"average\":\"heads\",\"queries\":[1,2],\"keys\":[0,2]}");
    /* The whole has no selection, and causal is its mask. */
    assert_false(json_holds(result, (struct selection){0}, "\"selection\""));
    assert_false(json_holds(result, (struct selection){0}, "\"mask\""));
    assert_json(result, (struct selection){0}, "\"causal\":", "}", "true");
    scene_free(&scene);
}

/* A grid is written with the place of its patches in the excerpt, if it has all of them. */
static void json_has_the_grid_of_its_patches(void **state)
{
    (void)state;
    for (size_t m = 3; m < 8; m++) {
        struct scene scene = {0};
        char all[80], less[80];
        snprintf(all, sizeof all, "\"grid\":[2,2],\"grid_offset\":%zu,\"grid_axis\":\"keys\"", m - 4);
        snprintf(less, sizeof less, "\"grid\":[2,2],\"grid_offset\":%zu,\"grid_axis\":\"keys\"", m - 5);
        scene.inputs.all.tensor[INPUT_ATTENTION] = numbers(1, 2, m, 0, 0);
        scene.inputs.patch_grid[0] = scene.inputs.patch_grid[1] = 2;
        scene_compute(&scene, (struct request){0}, (struct selection){0});
        assert_int_equal(json_holds(&scene.result, (struct selection){0}, all), m >= 4);
        assert_int_equal(json_holds(&scene.result, (struct selection){0}, "\"grid"), m >= 4);
        assert_int_equal(json_holds(&scene.result, (struct selection){.key_first = 1}, less), m >= 5);
        assert_int_equal(json_holds(&scene.result, (struct selection){.key_first = 1}, "\"grid"), m >= 5);
        scene_free(&scene);
    }
}

/* What the config says of a mask and a scale that all layers have, and of those that differ. */
static void json_config_is_of_all_layers(void **state)
{
    (void)state;
    static const struct {
        enum setting setting;
        const char *all, *other; /* of both layers; of layer 1 */
        const char *says, *lacks;
    } cases[] = {
        {SETTING_WINDOW, "3,-1", NULL, "\"window\":[3,-1]", "\"mask\""},
        {SETTING_WINDOW, "-1,2", NULL, "\"window\":[-1,2]", "\"mask\""},
        {SETTING_WINDOW, "0,0", "1,1", "\"mask\"", "\"window\""},
        {SETTING_CAUSAL, "2", NULL, "\"causal\":2", "\"mask\""},
        {SETTING_CAUSAL, "start", "1", "\"causal\":false", "\"causal\":true"},
        {SETTING_SOFTCAP, "2", NULL, "\"scale\":1,\"softcap\":2", "\"mask\""},
        {SETTING_SOFTCAP, "2", "3", "\"causal\"", "\"softcap\""},
        {SETTING_SCALE, "2", "3", "\"causal\"", "\"scale\""},
        {SETTING_PREFIX, "2", NULL, "\"mask\":[[1,1,0,0],\n[1,1,0,0]]", "\"causal\":true"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene scene = {0};
        struct error error = {0};
        scene.inputs.all.tensor[INPUT_Q] = numbers(1, 2, 1, 2, 1);
        scene.inputs.all.tensor[INPUT_K] = numbers(2, 2, 1, 4, 1);
        scene.inputs.layers = calloc(2, sizeof *scene.inputs.layers);
        assert_non_null(scene.inputs.layers);
        scene.inputs.layer_count = 2;
        scene.inputs.layers_given = true;
        if (cases[i].setting == SETTING_PREFIX)
            set(&scene, SETTING_CAUSAL, "start");
        set(&scene, cases[i].setting, cases[i].all);
        if (cases[i].other)
            assert_true(settings_parse(&scene.inputs.layers[1].settings, cases[i].setting, cases[i].other,
                                       "it", ERROR_USAGE, &error));
        scene_compute(&scene, (struct request){0}, (struct selection){0});
        assert_true(json_holds(&scene.result, (struct selection){0}, cases[i].says));
        assert_false(json_holds(&scene.result, (struct selection){0}, cases[i].lacks));
        scene_free(&scene);
    }
}

/* One mask where all heads and layers agree in what is chosen, else one a head. */
static void json_has_one_mask_where_heads_agree(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene.inputs.all.tensor[INPUT_Q] = numbers(1, 2, 2, 2, 1);
    scene.inputs.all.tensor[INPUT_K] = numbers(2, 2, 2, 3, 1);
    struct tensor *mask = &scene.inputs.all.tensor[INPUT_MASK];
    *mask = numbers(3, 2, 2, 2, 3);
    for (size_t i = 0; i < 24; i++)
        mask->data[i] = i != 16; /* layer 1, head 0, query 1, key 1 */
    scene_compute(&scene, (struct request){0}, (struct selection){0});
    assert_json(
        &scene.result, (struct selection){0}, "\"mask\":", ",\n\"weights",
        "[[[[1,1,1],\n[1,1,1]],\n[[1,1,1],\n[1,1,1]]],\n[[[1,1,1],\n[1,0,1]],\n[[1,1,1],\n[1,1,1]]]]");
    assert_json(&scene.result, (struct selection){.layers = second, .layer_count = 1},
                "\"mask\":", ",\n\"weights", "[[[[1,1,1],\n[1,0,1]],\n[[1,1,1],\n[1,1,1]]]]");
    assert_json(&scene.result, (struct selection){.key_end = 1}, "\"mask\":", ",\n\"weights", "[[1],\n[1]]");
    assert_json(&scene.result, (struct selection){.average_heads = true}, "\"mask\":", ",\n\"weights",
                "[[1,1,1],\n[1,1,1]]");
    scene_free(&scene);
}

/* A stage is made into text in chunks, on several threads; a mask too, which lies nowhere as numbers. */
static void large_matrices_are_whole(void **state)
{
    (void)state;
    enum { SIDE = 700 };
    struct scene scene = {0};
    scene.inputs.all.tensor[INPUT_Q] = numbers(1, SIDE, 1, 0, 0);
    scene.inputs.all.tensor[INPUT_K] = numbers(2, SIDE, 1, 0, 0);
    set(&scene, SETTING_WINDOW, "3,0");
    scene_compute(&scene, (struct request){.stages = 1u << STAGE_MASK}, (struct selection){0});
    workers_limit(3);
    size_t size;
    char *text = written(&writer_json, &scene.result, (struct selection){0}, STAGE_WEIGHTS, &size);
    char *at = strstr(text, "\"mask\":[[[[");
    assert_non_null(at);
    at += strlen("\"mask\":[[[");
    for (size_t i = 0; i < SIDE; i++) {
        assert_int_equal(*at++, '[');
        for (size_t j = 0; j < SIDE; j++) {
            assert_int_equal(*at, j <= i && j + 3 >= i ? '1' : '0');
            assert_int_equal(at[1], j + 1 < SIDE ? ',' : ']');
            at += 2;
        }
        assert_memory_equal(at, i + 1 < SIDE ? ",\n" : "]]", 2);
        at += 2;
    }
    free(text);
    workers_limit(1);
    scene_free(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_quotes_labels),
        cmocka_unit_test(csv_counts_within_the_whole),
        cmocka_unit_test(csv_names_features_and_heads),
        cmocka_unit_test(npy_is_packed),
        cmocka_unit_test(json_says_what_was_chosen),
        cmocka_unit_test(json_has_the_grid_of_its_patches),
        cmocka_unit_test(json_config_is_of_all_layers),
        cmocka_unit_test(json_has_one_mask_where_heads_agree),
        cmocka_unit_test(large_matrices_are_whole),
    };
    return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
