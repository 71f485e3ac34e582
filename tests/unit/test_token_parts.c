/* What tokens add to the output of a layer: the parts of all tokens, and what is of none, are the output. */
#include "scenes.h"

#include <math.h>

#include "compute/token_parts.h"

enum { D = 7 };

static void set_if(struct scene *scene, bool wanted, enum setting which, const char *text)
{
    if (wanted)
        set(scene, which, text);
}

/* A layer over embeddings, with its output computed. */
static void begin(struct scene *scene, const char *norm, bool causal)
{
    struct tensor *tensor = scene->inputs.all.tensor;
    tensor[INPUT_EMBEDDINGS] = numbers(1, N, D, 0, 0);
    tensor[INPUT_W_Q] = numbers(2, D, HEADS * D_K, 0, 0);
    tensor[INPUT_W_K] = numbers(3, D, KV_HEADS * D_K, 0, 0);
    tensor[INPUT_W_V] = numbers(4, D, KV_HEADS * D_V, 0, 0);
    tensor[INPUT_B_V] = numbers(5, KV_HEADS * D_V, 0, 0, 0);
    tensor[INPUT_W_O] = numbers(6, HEADS * D_V, D, 0, 0);
    tensor[INPUT_B_O] = numbers(7, D, 0, 0, 0);
    if (strcmp(norm, "none") != 0) {
        tensor[INPUT_NORM_WEIGHT] = numbers(8, D, 0, 0, 0);
        tensor[INPUT_NORM_BIAS] = numbers(9, D, 0, 0, 0);
    }
    set(scene, SETTING_HEADS, "4");
    set(scene, SETTING_KV_HEADS, "2");
    set(scene, SETTING_RESIDUAL, "true");
    set(scene, SETTING_NORM, norm);
    set_if(scene, causal, SETTING_CAUSAL, "true");
    scene_compute(scene, (struct request){.stages = 1u << STAGE_OUTPUT}, (struct selection){0});
}

/* The sum of the parts of query first + `row`, and what is of no token. */
static void add_up(const struct token_parts *parts, size_t row, double *sum)
{
    double vectors[HEADS * D], part[D];
    token_parts_bias(parts, row, sum);
    for (size_t j = 0; j < N; j++) {
        token_parts_vectors(parts, j, vectors);
        if (!token_parts_part(parts, row, j, vectors, part))
            continue;
        for (size_t c = 0; c < D; c++)
            sum[c] += part[c];
    }
}

static void compare(struct token_parts *parts, const float *output)
{
    struct error error = {0};
    for (size_t first = 0; first < N; first += parts->count) {
        assert_true(token_parts_fill(parts, first, &error));
        for (size_t r = 0; r < parts->count; r++) {
            double sum[D];
            add_up(parts, r, sum);
            for (size_t c = 0; c < D; c++) {
                const double want = (double)output[(first + r) * D + c];
                assert_true(fabs(sum[c] - want) <= 2e-6 * fmax(1, fabs(want)));
                assert_true(fabs(parts->output[r * D + c] - sum[c]) <= 1e-12);
            }
        }
    }
}

static void parts_sum_to_the_output(void **state)
{
    static const char *const norms[] = {"none", "pre", "post"};
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct scene scene = {0};
        struct error error = {0};
        struct selection all = {0};
        struct layer layer = {0};
        struct token_parts parts = {0};
        begin(&scene, norms[i % 3], i >= 3);
        assert_true(selection_check(&all, &scene.problem, &error));
        struct layer_rows rows = {.problem = &scene.problem, .selection = &all, .passes = N};
        assert_true(layer_rows_make(&layer, &rows, 0, &error));
        assert_true(token_parts_make(&parts, &rows, &layer, true, &error));
        assert_int_equal(parts.room, N);
        parts.room = 2; /* of five queries */
        compare(&parts, scene.result.stage[STAGE_OUTPUT].data);
        token_parts_free(&parts);
        layer_free(&layer);
        scene_free(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parts_sum_to_the_output)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
