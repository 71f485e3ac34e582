/* Views of results (compute/excerpt.h), and what they rest on: kept pairs, masks and stages. The numbers of a whole
 * result are the truth here; tests/numpy compares those with NumPy. */
#include "scenes.h"

#include <math.h>

#include "attention/mask.h"
#include "problem/problem_head.h"
#include "problem/settings_parse.h"

enum { ALL_STAGES = (1 << STAGE_COUNT) - 1 };

static void refused(const struct result *result, struct selection selection, const char *message)
{
    struct excerpt excerpt = {0};
    struct error error = {0};
    assert_true(selection_check(&selection, result->problem, &error));
    assert_false(excerpt_make(&excerpt, result, &selection, &error));
    assert_int_equal(error.kind, ERROR_SYSTEM);
    assert_string_equal(error.message, message);
    excerpt_free(&excerpt);
}

/* The bytes of all that a result holds, for comparison; the caller frees it. */
static char *snapshot(const struct result *result, size_t *size)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, size);
    assert_non_null(file);
    fwrite(result, sizeof *result, 1, file);
    for (enum stage s = 0; s < STAGE_COUNT; s++) {
        const struct stage_shape *shape = &result->stage[s].shape;
        if (result->stage[s].data)
            fwrite(result->stage[s].data, sizeof(float),
                   result->problem->layer_count * shape->heads * shape->rows * shape->columns, file);
    }
    fwrite(result->measures, sizeof *result->measures, result->problem->layer_count * result->problem->heads,
           file);
    for (size_t i = 0; i < result->masks.count; i++)
        if (result->masks.list[i].bits)
            fwrite(result->masks.list[i].bits, 1, result->masks.cells.rows * result->masks.row_bytes, file);
    fclose(file);
    return text;
}

static void assert_unchanged(const struct result *result, const char *before, size_t size)
{
    size_t now_size;
    char *now = snapshot(result, &now_size);
    assert_int_equal(now_size, size);
    assert_memory_equal(now, before, size);
    free(now);
}

/* Whether a pair of the problem is masked, asked of the rules themselves. */
static bool is_masked(const struct problem *problem, size_t layer, size_t head, size_t query, size_t key)
{
    struct head rules;
    problem_head(problem, layer, head, &rules);
    return !mask_allows(&rules, query, key);
}

/* A number of the whole result; of the mask, by its rules. */
static float whole(const struct result *result, enum stage stage, size_t layer, size_t head, size_t row,
                   size_t column)
{
    if (stage == STAGE_MASK)
        return !is_masked(result->problem, layer, head, row, column);
    const struct stage_data *data = &result->stage[stage];
    return stage_data_matrix(data, layer, head)[row * data->shape.columns + column];
}

/* A number of an excerpt, which it has twice: in a row, and in a packed matrix. Where it has the matrix in one piece
 * too, that agrees. */
static float number(const struct excerpt *e, enum stage stage, size_t l, size_t h, size_t row, size_t column)
{
    struct error error = {0};
    const struct stage_shape *shape = &e->shape[stage];
    assert_true(h < shape->heads && row < shape->rows && column < shape->columns);
    float *room = malloc(shape->columns * sizeof *room), *packed = excerpt_pack(e, stage, l, h, &error);
    assert_true(room && packed);
    const float value = excerpt_row(e, stage, l, h, row, room)[column];
    const struct strided matrix = excerpt_matrix(e, stage, l, h);
    assert_memory_equal(&packed[row * shape->columns + column], &value, sizeof value);
    if (matrix.data)
        assert_memory_equal(&matrix.data[row * matrix.row + column * matrix.column], &value, sizeof value);
    free(room);
    free(packed);
    return value;
}

static void assert_same(float got, float wanted)
{
    assert_memory_equal(&got, &wanted, sizeof got);
}

/* A part of an excerpt: which of the problem's things stand where. */
struct part {
    const size_t *layers, *heads;
    size_t layer_count, head_count, queries[2], keys[2];
    bool own_heads; /* heads were chosen */
};

static const size_t all[] = {0, 1, 2, 3}, last[] = {3}, second[] = {1}, turned[] = {1, 0},
                    mixed[] = {2, 0, 3};

static struct selection selection_of(const struct part *part)
{
    return (struct selection){.layers = part->layers == all ? NULL : part->layers,
                              .layer_count = part->layer_count,
                              .heads = part->own_heads ? part->heads : NULL,
                              .head_count = part->own_heads ? part->head_count : 0,
                              .query_first = part->queries[0],
                              .query_end = part->queries[1],
                              .key_first = part->keys[0],
                              .key_end = part->keys[1]};
}

/* Stages of pairs and q, with a matrix a head. */
static void assert_heads(const struct excerpt *e, const struct part *part, enum stage stage)
{
    const struct result *result = e->result;
    const bool pairs = result->stage[stage].shape.is_pairs;
    const struct stage_shape *shape = &e->shape[stage];
    assert_int_equal(shape->heads, part->head_count);
    assert_int_equal(shape->rows, part->queries[1] - part->queries[0]);
    assert_int_equal(shape->columns, pairs ? part->keys[1] - part->keys[0] : D_K);
    for (size_t l = 0; l < part->layer_count; l++)
        for (size_t h = 0; h < part->head_count; h++)
            for (size_t i = 0; i < shape->rows; i++)
                for (size_t j = 0; j < shape->columns; j++)
                    assert_same(number(e, stage, l, h, i, j),
                                whole(result, stage, part->layers[l], part->heads[h], part->queries[0] + i,
                                      (pairs ? part->keys[0] : 0) + j));
}

/* Stages k and v: a matrix for every chosen head, or each of their own heads once. */
static void assert_kv(const struct excerpt *e, const struct part *part, enum stage stage)
{
    const struct stage_shape *shape = &e->shape[stage];
    const size_t heads = part->own_heads ? part->head_count : KV_HEADS;
    assert_int_equal(shape->heads, heads);
    assert_int_equal(excerpt_kv_heads(e), heads);
    assert_int_equal(shape->rows, part->keys[1] - part->keys[0]);
    for (size_t l = 0; l < part->layer_count; l++)
        for (size_t h = 0; h < heads; h++)
            for (size_t i = 0; i < shape->rows; i++)
                for (size_t c = 0; c < shape->columns; c++) {
                    size_t kv = part->own_heads ? part->heads[h] / (HEADS / KV_HEADS) : h;
                    assert_same(number(e, stage, l, h, i, c),
                                whole(e->result, stage, part->layers[l], kv, part->keys[0] + i, c));
                }
}

/* The output: as wide as all heads, or the columns of the chosen ones in their order. */
static void assert_output(const struct excerpt *e, const struct part *part)
{
    const struct stage_shape *shape = &e->shape[STAGE_OUTPUT];
    assert_int_equal(shape->heads, 1);
    assert_int_equal(shape->rows, part->queries[1] - part->queries[0]);
    assert_int_equal(shape->columns, part->head_count * D_V);
    for (size_t l = 0; l < part->layer_count; l++)
        for (size_t i = 0; i < shape->rows; i++)
            for (size_t c = 0; c < shape->columns; c++)
                assert_same(number(e, STAGE_OUTPUT, l, 0, i, c),
                            whole(e->result, STAGE_OUTPUT, part->layers[l], 0, part->queries[0] + i,
                                  part->heads[c / D_V] * D_V + c % D_V));
}

static void assert_part(const struct excerpt *e, const struct part *part)
{
    const struct result *result = e->result;
    assert_int_equal(e->layer_count, part->layer_count);
    assert_int_equal(e->head_count, part->head_count);
    for (enum stage s = STAGE_SCORES; s <= STAGE_WEIGHTS; s++)
        assert_heads(e, part, s);
    assert_heads(e, part, STAGE_MASK);
    assert_heads(e, part, STAGE_Q);
    assert_kv(e, part, STAGE_K);
    assert_kv(e, part, STAGE_V);
    assert_output(e, part);
    for (size_t l = 0; l < part->layer_count; l++)
        for (size_t h = 0; h < part->head_count; h++) {
            assert_ptr_equal(excerpt_measures(e, l, h),
                             &result->measures[part->layers[l] * HEADS + part->heads[h]]);
            for (size_t i = 0; i < part->queries[1] - part->queries[0]; i++) {
                unsigned char flags[M];
                bool any = excerpt_mask_row(e, l, h, i, flags), wanted_any = false;
                for (size_t j = 0; j < part->keys[1] - part->keys[0]; j++) {
                    bool wanted = is_masked(result->problem, part->layers[l], part->heads[h],
                                            part->queries[0] + i, part->keys[0] + j);
                    assert_int_equal(flags[j], wanted);
                    wanted_any = wanted_any || wanted;
                }
                assert_int_equal(any, wanted_any);
                assert_true(!any || excerpt_may_be_masked(e, l, h));
            }
        }
}

static const struct part parts[] = {
    {all, all, LAYERS, HEADS, {0, N}, {0, M}, false},
    {second, mixed, 1, 3, {1, 4}, {2, M}, true},
    {turned, last, LAYERS, 1, {N - 1, N}, {0, 1}, true},
    {turned, all, LAYERS, HEADS, {2, N}, {1, 5}, false},
    {second, (const size_t[]){3, 2, 1, 0}, 1, HEADS, {0, N}, {0, M}, true},
};
enum { PARTS = sizeof parts / sizeof *parts };

/* Weights, with masks of every head; all but the encoding, which needs positions. */
static void scene_of_masks(struct scene *scene)
{
    scene_begin(scene);
    scene->inputs.all.tensor[INPUT_MASK] = mask_numbers(4, LAYERS, HEADS, N, M);
    set(scene, SETTING_CAUSAL, "1");
    scene_compute(scene, (struct request){.stages = ALL_STAGES & ~(1u << STAGE_ENCODING)},
                  (struct selection){0});
}

static void several_excerpts_at_once_and_in_turn(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct excerpt excerpts[PARTS];
    size_t size;
    scene_of_masks(&scene);
    char *before = snapshot(&scene.result, &size);
    for (size_t p = 0; p < PARTS; p++)
        excerpts[p] = excerpt_of(&scene.result, selection_of(&parts[p]));
    for (size_t p = PARTS; p-- > 0;)
        assert_part(&excerpts[p], &parts[p]);
    assert_false(excerpts[0].is_part);
    assert_true(excerpts[1].is_part && excerpts[2].is_part && excerpts[3].is_part && excerpts[4].is_part);
    /* One goes, the others stay. */
    for (size_t p = 0; p < PARTS; p++) {
        excerpt_free(&excerpts[p]);
        for (size_t rest = p + 1; rest < PARTS; rest++)
            assert_part(&excerpts[rest], &parts[rest]);
    }
    for (size_t p = 0; p < PARTS; p++) {
        struct excerpt again = excerpt_of(&scene.result, selection_of(&parts[p]));
        assert_part(&again, &parts[p]);
        excerpt_free(&again);
    }
    assert_unchanged(&scene.result, before, size);
    free(before);
    scene_free(&scene);
}

static void whole_stages_are_not_copied(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_of_masks(&scene);
    struct excerpt e = excerpt_of(&scene.result, selection_of(&parts[1]));
    const float *weights = stage_data_matrix(&scene.result.stage[STAGE_WEIGHTS], 1, 2);
    struct strided matrix = excerpt_matrix(&e, STAGE_WEIGHTS, 0, 0);
    assert_ptr_equal(matrix.data, weights + 1 * M + 2);
    assert_int_equal(matrix.row, M);
    assert_int_equal(matrix.column, 1);
    assert_ptr_equal(excerpt_row(&e, STAGE_WEIGHTS, 0, 0, 2, NULL), weights + 3 * M + 2);
    assert_null(excerpt_matrix(&e, STAGE_MASK, 0, 0).data);
    assert_null(excerpt_matrix(&e, STAGE_OUTPUT, 0, 0).data);
    excerpt_free(&e);
    scene_free(&scene);
}

/* With w_o the columns of the output are of all heads together, whichever are chosen. */
static void a_projected_output_keeps_its_columns(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_begin(&scene);
    scene.inputs.all.tensor[INPUT_W_O] = numbers(5, HEADS * D_V, HEADS * D_V, 0, 0);
    scene_compute(&scene, (struct request){0}, (struct selection){0});
    struct excerpt e = excerpt_of(&scene.result, (struct selection){.heads = last, .head_count = 1});
    assert_int_equal(e.shape[STAGE_OUTPUT].columns, HEADS * D_V);
    assert_same(number(&e, STAGE_OUTPUT, 1, 0, 2, 7), whole(&scene.result, STAGE_OUTPUT, 1, 0, 2, 7));
    excerpt_free(&e);
    scene_free(&scene);
}

/* The mean of what heads of the whole have at a place; -infinity is left out where not all have it. */
static float mean_of(const struct result *result, enum stage stage, size_t layer, const size_t *heads,
                     size_t count, size_t row, size_t column)
{
    double sum = 0;
    size_t counted = 0;
    for (size_t h = 0; h < count; h++) {
        bool kv = stage == STAGE_K || stage == STAGE_V;
        float value = whole(result, stage, layer, kv ? heads[h] / (HEADS / KV_HEADS) : heads[h], row, column);
        if (value != -INFINITY) {
            sum += (double)value;
            counted++;
        }
    }
    if (stage == STAGE_MASK)
        return sum > 0;
    return counted > 0 ? (float)(sum / (double)counted) : -INFINITY;
}

static void a_mean_over_heads_owns_its_numbers(void **state)
{
    (void)state;
    struct scene scene = {0};
    size_t size;
    scene_of_masks(&scene);
    char *before = snapshot(&scene.result, &size);
    struct excerpt others = excerpt_of(&scene.result, selection_of(&parts[1]));
    struct excerpt mean = excerpt_of(
        &scene.result,
        (struct selection){
            .heads = mixed, .head_count = 3, .query_first = 1, .key_first = 2, .average_heads = true});
    assert_int_equal(mean.head_count, 1);
    assert_int_equal(mean.mean.heads, 3);
    assert_int_equal(excerpt_kv_heads(&mean), 1);
    assert_true(mean.is_part);
    static const enum stage pairs[] = {STAGE_SCORES, STAGE_SCALED, STAGE_MASKED, STAGE_WEIGHTS, STAGE_MASK};
    for (size_t l = 0; l < LAYERS; l++)
        for (size_t i = 1; i < N; i++) {
            for (size_t s = 0; s < sizeof pairs / sizeof *pairs; s++)
                for (size_t j = 2; j < M; j++)
                    assert_same(number(&mean, pairs[s], l, 0, i - 1, j - 2),
                                mean_of(&scene.result, pairs[s], l, mixed, 3, i, j));
            for (size_t c = 0; c < D_K; c++)
                assert_same(number(&mean, STAGE_Q, l, 0, i - 1, c),
                            mean_of(&scene.result, STAGE_Q, l, mixed, 3, i, c));
            /* The output stays that of all heads. */
            for (size_t c = 0; c < HEADS * D_V; c++)
                assert_same(number(&mean, STAGE_OUTPUT, l, 0, i - 1, c),
                            whole(&scene.result, STAGE_OUTPUT, l, 0, i, c));
        }
    for (size_t j = 2; j < M; j++)
        for (size_t c = 0; c < D_V; c++)
            assert_same(number(&mean, STAGE_V, 1, 0, j - 2, c),
                        mean_of(&scene.result, STAGE_V, 1, mixed, 3, j, c));
    assert_part(&others, &parts[1]);
    excerpt_free(&mean);
    assert_part(&others, &parts[1]);
    excerpt_free(&others);
    assert_unchanged(&scene.result, before, size);
    free(before);
    scene_free(&scene);
}

/* Of whole heads, whatever the queries and keys of the excerpt. */
static void a_mean_is_measured_by_what_some_head_attends_to(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_of_masks(&scene);
    struct excerpt mean = excerpt_of(
        &scene.result,
        (struct selection){
            .heads = mixed, .head_count = 3, .query_first = 3, .key_first = 4, .average_heads = true});
    for (size_t l = 0; l < LAYERS; l++) {
        const struct measures *measures = excerpt_measures(&mean, l, 0);
        struct measures wanted = {0};
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < M; j++) {
                float weight = mean_of(&scene.result, STAGE_WEIGHTS, l, mixed, 3, i, j);
                wanted.allowed += mean_of(&scene.result, STAGE_MASK, l, mixed, 3, i, j) != 0;
                wanted.entropy -= weight > 0 ? (double)weight * log((double)weight) / N : 0;
                wanted.distance += (double)weight * fabs((double)i + 1 - (double)j) / N;
                wanted.first += j == 0 ? (double)weight / N : 0;
                if (weight > wanted.largest) {
                    wanted.largest = weight;
                    wanted.largest_query = i;
                    wanted.largest_key = j;
                }
            }
        assert_int_equal(measures->allowed, wanted.allowed);
        assert_int_equal(measures->rows, N);
        assert_true(fabs(measures->entropy - wanted.entropy) < 1e-6);
        assert_true(fabs(measures->distance - wanted.distance) < 1e-6);
        assert_true(fabs(measures->first - wanted.first) < 1e-6);
        assert_same(measures->largest, wanted.largest);
        assert_int_equal(measures->largest_query, wanted.largest_query);
        assert_int_equal(measures->largest_key, wanted.largest_key);
    }
    excerpt_free(&mean);
    scene_free(&scene);
}

/* A mean over heads of which one is not masked at all. */
static void a_mean_is_masked_only_where_all_heads_are(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_begin(&scene);
    struct tensor *mask = &scene.inputs.all.tensor[INPUT_MASK];
    *mask = mask_numbers(6, LAYERS, HEADS, N, M);
    for (size_t i = 0; i < N * M; i++)
        mask->data[(0 * HEADS + 2) * N * M + i] = 1;
    scene_compute(&scene, (struct request){0}, (struct selection){0});
    struct excerpt mean = excerpt_of(&scene.result, (struct selection){.average_heads = true});
    assert_false(excerpt_may_be_masked(&mean, 0, 0));
    assert_int_equal(excerpt_measures(&mean, 0, 0)->allowed, N * M);
    assert_true(excerpt_may_be_masked(&mean, 1, 0));
    assert_false(excerpt_masks_agree(&mean, 0, 0, 1, 0));
    excerpt_free(&mean);
    scene_free(&scene);
}

enum { LONG = 100 };

/* More pairs than are allowed to be kept: 2 heads of LONG×LONG. */
static void scene_of_long(struct scene *scene, struct request request, struct selection selection)
{
    struct tensor *tensor = scene->inputs.all.tensor;
    tensor[INPUT_Q] = numbers(7, 2, LONG, D_K, 0);
    tensor[INPUT_K] = numbers(8, 2, LONG, D_K, 0);
    tensor[INPUT_V] = numbers(9, 2, LONG, D_V, 0);
    set(scene, SETTING_CAUSAL, "start");
    request.max_weights = 800;
    scene_compute(scene, request, selection);
}

static void pooled_cells_are_whole(void **state)
{
    (void)state;
    struct scene scene = {0};
    size_t size;
    scene_of_long(&scene, (struct request){.top_keys = true, .stages = 1u << STAGE_MASK | 1u << STAGE_Q},
                  (struct selection){0});
    const struct result *result = &scene.result;
    const struct pair_cells *cells = &result->cells;
    assert_int_equal(result->kept, KEPT_POOLED);
    assert_int_equal(cells->rows, 20);
    assert_int_equal(cells->query_step, 5);
    char *before = snapshot(result, &size);
    struct excerpt both = excerpt_of(result, (struct selection){0});
    struct excerpt one = excerpt_of(result, (struct selection){.heads = second, .head_count = 1});
    assert_int_equal(one.shape[STAGE_WEIGHTS].rows, cells->rows);
    assert_int_equal(one.shape[STAGE_WEIGHTS].columns, cells->columns);
    assert_int_equal(one.shape[STAGE_Q].rows, LONG);
    for (size_t i = 0; i < cells->rows; i++)
        for (size_t j = 0; j < cells->columns; j++) {
            /* A cell is masked where all its pairs are: above the diagonal. */
            assert_same(number(&one, STAGE_MASK, 0, 0, i, j), j <= i);
            assert_same(number(&one, STAGE_WEIGHTS, 0, 0, i, j), whole(result, STAGE_WEIGHTS, 0, 1, i, j));
            assert_same(number(&both, STAGE_WEIGHTS, 0, 1, i, j), number(&one, STAGE_WEIGHTS, 0, 0, i, j));
        }
    refused(result, (struct selection){.query_first = 5},
            "the weights of queries 5:100 and keys 0:100 are not kept");
    refused(result, (struct selection){.average_heads = true},
            "the mean needs all weights and masks to be kept");
    excerpt_free(&one);
    excerpt_free(&both);
    assert_unchanged(result, before, size);
    free(before);
    scene_free(&scene);
}

static void a_kept_range_can_be_cut_further(void **state)
{
    (void)state;
    struct scene scene = {0}, full = {0};
    struct selection range = {.query_first = 10, .query_end = 30, .key_first = 5, .key_end = 25};
    scene_of_long(&scene, (struct request){.stages = 1u << STAGE_MASK | 1u << STAGE_V}, range);
    const struct result *result = &scene.result;
    assert_int_equal(result->kept, KEPT_RANGE);
    /* The same numbers as where all is kept. */
    struct tensor *tensor = full.inputs.all.tensor;
    tensor[INPUT_Q] = numbers(7, 2, LONG, D_K, 0);
    tensor[INPUT_K] = numbers(8, 2, LONG, D_K, 0);
    tensor[INPUT_V] = numbers(9, 2, LONG, D_V, 0);
    set(&full, SETTING_CAUSAL, "start");
    scene_compute(&full, (struct request){0}, (struct selection){0});
    struct excerpt same = excerpt_of(result, range);
    struct excerpt less = excerpt_of(result, (struct selection){.heads = second,
                                                                .head_count = 1,
                                                                .query_first = 12,
                                                                .query_end = 15,
                                                                .key_first = 11,
                                                                .key_end = 24});
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 13; j++) {
            assert_same(number(&less, STAGE_WEIGHTS, 0, 0, i, j),
                        whole(&full.result, STAGE_WEIGHTS, 0, 1, 12 + i, 11 + j));
            assert_same(number(&same, STAGE_WEIGHTS, 0, 1, 2 + i, 6 + j),
                        number(&less, STAGE_WEIGHTS, 0, 0, i, j));
            assert_same(number(&less, STAGE_MASK, 0, 0, i, j), 11 + j <= 12 + i);
        }
    assert_same(number(&less, STAGE_V, 0, 0, 3, 1), whole(result, STAGE_V, 0, 1, 11 + 3, 1));
    assert_same(number(&less, STAGE_OUTPUT, 0, 0, 2, 1), whole(result, STAGE_OUTPUT, 0, 0, 12 + 2, D_V + 1));
    refused(result, (struct selection){.query_first = 9, .query_end = 30, .key_first = 5, .key_end = 25},
            "the weights of queries 9:30 and keys 5:25 are not kept");
    refused(result, (struct selection){.query_first = 10, .query_end = 30, .key_first = 5, .key_end = 26},
            "the weights of queries 10:30 and keys 5:26 are not kept");
    refused(result,
            (struct selection){
                .query_first = 10, .query_end = 30, .key_first = 5, .key_end = 25, .average_heads = true},
            "the mean needs all weights and masks to be kept");
    excerpt_free(&same);
    excerpt_free(&less);
    scene_free(&full);
    scene_free(&scene);
}

/* Of many weights only the chosen queries are computed: their outputs and measures are those of whole rows. */
static void chosen_queries_are_computed_alone(void **state)
{
    (void)state;
    struct scene scene = {0}, full = {0}, keys = {0};
    scene_of_long(&scene, (struct request){0}, (struct selection){.query_first = 70, .query_end = 74});
    const struct result *result = &scene.result;
    assert_int_equal(result->kept, KEPT_RANGE);
    assert_true(result->only_chosen);
    struct tensor *tensor = full.inputs.all.tensor;
    tensor[INPUT_Q] = numbers(7, 2, LONG, D_K, 0);
    tensor[INPUT_K] = numbers(8, 2, LONG, D_K, 0);
    tensor[INPUT_V] = numbers(9, 2, LONG, D_V, 0);
    set(&full, SETTING_CAUSAL, "start");
    scene_compute(&full, (struct request){.max_weights = MANY}, (struct selection){0});
    assert_false(full.result.only_chosen);
    for (size_t h = 0; h < 2; h++) {
        const struct measures *got = &result->measures[h];
        struct measures wanted = {0};
        for (size_t i = 70; i < 74; i++) {
            for (size_t c = 0; c < D_V; c++)
                assert_float_equal(whole(result, STAGE_OUTPUT, 0, 0, i, h * D_V + c),
                                   whole(&full.result, STAGE_OUTPUT, 0, 0, i, h * D_V + c), 1e-6);
            for (size_t j = 0; j <= i; j++) {
                const float weight = whole(&full.result, STAGE_WEIGHTS, 0, h, i, j);
                wanted.entropy -= (double)weight * log((double)weight) / 4;
                wanted.distance += (double)weight * (double)(i - j) / 4;
                wanted.first += j == 0 ? (double)weight / 4 : 0;
                if (weight > wanted.largest) {
                    wanted.largest = weight;
                    wanted.largest_query = i;
                    wanted.largest_key = j;
                }
            }
        }
        assert_int_equal(got->rows, 4);
        assert_float_equal(got->entropy, wanted.entropy, 1e-5);
        assert_float_equal(got->distance, wanted.distance, 1e-4);
        assert_float_equal(got->first, wanted.first, 1e-6);
        assert_float_equal(got->largest, wanted.largest, 1e-6);
        assert_int_equal(got->largest_query, wanted.largest_query);
        assert_int_equal(got->largest_key, wanted.largest_key);
        assert_int_equal(got->allowed, full.result.measures[h].allowed);
        assert_float_equal(whole(result, STAGE_OUTPUT, 0, 0, 69, h * D_V), 0, 0);
        assert_float_equal(whole(result, STAGE_OUTPUT, 0, 0, 74, h * D_V), 0, 0);
    }
    /* A choice of keys is one of all queries. */
    scene_of_long(&keys, (struct request){0}, (struct selection){.key_first = 2, .key_end = 4});
    assert_int_equal(keys.result.kept, KEPT_RANGE);
    assert_false(keys.result.only_chosen);
    assert_float_equal(keys.result.measures[1].entropy, full.result.measures[1].entropy, 1e-6);
    scene_free(&keys);
    scene_free(&full);
    scene_free(&scene);
}

static void says_what_can_be_had(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct selection everything = {0}, range = {.query_end = 10}, large = {.query_end = 90};
    struct error error = {0};
    scene_of_long(&scene, (struct request){0}, everything);
    const struct problem *p = &scene.problem;
    assert_true(selection_check(&everything, p, &error) && selection_check(&range, p, &error) &&
                selection_check(&large, p, &error));
    static const struct {
        size_t limit;
        bool in_range;
        enum kept kept;
        bool chosen, all;
    } cases[] = {
        {2 * LONG * LONG, false, KEPT_ALL, true, true},
        {2 * LONG * LONG - 1, false, KEPT_POOLED, false, false},
        {2 * 10 * LONG, true, KEPT_RANGE, true, false},
        {2 * 10 * LONG - 1, true, KEPT_POOLED, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request request = {.max_weights = cases[i].limit,
                                  .selection = cases[i].in_range ? &range : &everything};
        assert_int_equal(request_kept(&request, p), cases[i].kept);
        assert_true(request_offers(&request, p, STAGE_WEIGHTS, DETAIL_CELLS));
        assert_int_equal(request_offers(&request, p, STAGE_WEIGHTS, DETAIL_CHOSEN), cases[i].chosen);
        assert_int_equal(request_offers(&request, p, STAGE_SCORES, DETAIL_ALL), cases[i].all);
        /* What is not of pairs is always there. */
        assert_true(request_offers(&request, p, STAGE_Q, DETAIL_ALL));
    }
    enum kept kept;
    struct pair_cells cells;
    struct request request = {.max_weights = 2000, .selection = &large};
    assert_false(request_plan(&request, p, &kept, &cells, &error));
    assert_string_equal(error.message,
                        "1×2×100×100 weights are more than the 2000 that --max-weights allows to be held: a "
                        "range of queries or keys this large cannot be had; raise it, or choose less with "
                        "--queries and --keys");
    scene_free(&scene);
}

/* Cells hold whole periods of a dilation, so that the engine can split its heads. */
static void cells_are_of_whole_periods(void **state)
{
    (void)state;
    for (size_t dilation = 2; dilation < 8; dilation++) {
        struct scene scene = {0};
        struct selection everything = {0};
        struct error error = {0};
        struct pair_cells cells;
        enum kept kept;
        char text[8];
        scene.inputs.all.tensor[INPUT_Q] = numbers(7, LONG, D_K, 0, 0);
        scene.inputs.all.tensor[INPUT_K] = numbers(8, LONG, D_K, 0, 0);
        snprintf(text, sizeof text, "%zu", dilation);
        set(&scene, SETTING_DILATION, text);
        scene_compute(&scene, (struct request){0}, (struct selection){0});
        assert_true(selection_check(&everything, &scene.problem, &error));
        struct request request = {.max_weights = 25, .selection = &everything};
        assert_true(request_plan(&request, &scene.problem, &kept, &cells, &error));
        assert_int_equal(kept, KEPT_POOLED);
        assert_int_equal(cells.query_step % dilation, 0);
        assert_int_equal(cells.key_step % dilation, 0);
        assert_true(cells.rows * cells.columns <= 25);
        assert_true(cells.rows * cells.query_step >= LONG && (cells.rows - 1) * cells.query_step < LONG);
        scene_free(&scene);
    }
}

/* NaN rows are counted over all heads: of two heads, the second has scores beyond float32. */
static void rows_that_are_nan_are_counted_in_every_head(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct tensor *q = &scene.inputs.all.tensor[INPUT_Q];
    *q = numbers(1, 2, N, D_K, 0);
    scene.inputs.all.tensor[INPUT_K] = numbers(2, 2, M, D_K, 0);
    for (size_t i = 0; i < N * D_K; i++) {
        q->data[N * D_K + i] = 3e38f;
        scene.inputs.all.tensor[INPUT_K].data[M * D_K + i] = 3e38f;
    }
    scene_compute(&scene, (struct request){0}, (struct selection){0});
    assert_int_equal(scene.warnings.count, 1);
    assert_string_equal(
        scene.warnings.text[0],
        "5 of 10 rows are NaN: their scores are too large for float32; the first is query 0 of layer 0, "
        "head 1; --cpu plain computes it");
    scene_free(&scene);
}

/* Every mask that a head can have, whole and pooled, agrees with its rules. */
static void masks_are_what_the_rules_say(void **state)
{
    (void)state;
    static const struct {
        enum setting setting;
        const char *text;
    } rules[] = {{SETTING_CAUSAL, "start"},
                 {SETTING_WINDOW, "3,2"},
                 {SETTING_DILATION, "3"},
                 {SETTING_BLOCK, "7"},
                 {SETTING_KEY_LENGTH, "9"}};
    for (size_t r = 0; r < 2 * sizeof rules / sizeof *rules; r++) {
        struct scene scene = {0};
        scene.inputs.all.tensor[INPUT_Q] = numbers(7, LONG, D_K, 0, 0);
        scene.inputs.all.tensor[INPUT_K] = numbers(8, LONG, D_K, 0, 0);
        set(&scene, rules[r / 2].setting, rules[r / 2].text);
        scene_compute(&scene, (struct request){.max_weights = r % 2 ? LONG * LONG / 20 : MANY},
                      (struct selection){0});
        const struct masks *masks = &scene.result.masks;
        const struct pair_cells *cells = &masks->cells;
        const struct mask *mask = masks_head(masks, 0, 0);
        assert_int_equal(cells->query_step > 1, r % 2);
        assert_int_equal(masks->count, 1);
        size_t allowed = 0;
        for (size_t a = 0; a < cells->rows; a++)
            for (size_t b = 0; b < cells->columns; b++) {
                bool masked = true;
                for (size_t i = a * cells->query_step; i < (a + 1) * cells->query_step && i < LONG; i++)
                    for (size_t j = b * cells->key_step; j < (b + 1) * cells->key_step && j < LONG; j++) {
                        bool is = is_masked(&scene.problem, 0, 0, i, j);
                        masked = masked && is;
                        allowed += !is;
                    }
                assert_int_equal(masks_bit(masks, mask->bits, a, b), masked);
            }
        assert_int_equal(mask->allowed, allowed);
        scene_free(&scene);
    }
}

/* Of many heads, every sixteenth has the same mask. */
static void many_heads_share_masks(void **state)
{
    (void)state;
    enum { HEADS_HERE = 80, KINDS = 16, SIDE = 3 };
    struct scene scene = {0};
    scene.inputs.all.tensor[INPUT_Q] = numbers(7, SIDE, HEADS_HERE, 0, 0);
    scene.inputs.all.tensor[INPUT_K] = numbers(8, SIDE, HEADS_HERE, 0, 0);
    set(&scene, SETTING_HEADS, "80");
    struct tensor mask = numbers(4, HEADS_HERE, SIDE, SIDE, 0);
    for (size_t h = 0; h < HEADS_HERE; h++)
        for (size_t c = 0; c < SIDE * SIDE; c++)
            mask.data[h * SIDE * SIDE + c] = c == 0 || (c < 5 && (h % KINDS) >> (c - 1) & 1);
    scene.inputs.all.tensor[INPUT_MASK] = mask;
    scene_compute(&scene, (struct request){.max_weights = MANY}, (struct selection){0});
    assert_int_equal(scene.result.masks.count, KINDS);
    for (size_t h = 0; h < HEADS_HERE; h++) {
        const struct mask *got = masks_head(&scene.result.masks, 0, h);
        assert_ptr_equal(got, masks_head(&scene.result.masks, 0, h % KINDS));
        for (size_t c = 0; c < SIDE * SIDE; c++)
            assert_int_equal(masks_bit(&scene.result.masks, got->bits, c / SIDE, c % SIDE),
                             mask.data[h * SIDE * SIDE + c] == 0);
    }
    scene_free(&scene);
}

static void heads_share_masks(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_begin(&scene);
    set(&scene, SETTING_CAUSAL, "start");
    scene_compute(&scene, (struct request){0}, (struct selection){0});
    assert_int_equal(scene.result.masks.count, 1);
    assert_ptr_equal(masks_head(&scene.result.masks, 0, 0), masks_head(&scene.result.masks, 1, 3));
    scene_free(&scene);

    /* Nothing is masked: no bits at all. */
    scene_begin(&scene);
    scene_compute(&scene, (struct request){0}, (struct selection){0});
    assert_null(masks_head(&scene.result.masks, 1, 3)->bits);
    assert_int_equal(masks_head(&scene.result.masks, 1, 3)->allowed, N * M);
    scene_free(&scene);

    /* Heads 0 and 1 of a layer differ, and the layers do not. */
    scene_begin(&scene);
    scene.inputs.all.tensor[INPUT_MASK] = mask_numbers(4, 1, HEADS, N, M);
    scene_compute(&scene, (struct request){0}, (struct selection){0});
    assert_int_equal(scene.result.masks.count, HEADS);
    struct excerpt e = excerpt_of(&scene.result, (struct selection){0});
    assert_true(excerpt_masks_agree(&e, 0, 1, 1, 1));
    assert_false(excerpt_masks_agree(&e, 0, 0, 0, 1));
    excerpt_free(&e);
    /* Key 0 is one that all see: there they agree. */
    e = excerpt_of(&scene.result, (struct selection){.key_end = 1});
    assert_true(excerpt_masks_agree(&e, 0, 0, 0, 1));
    assert_true(excerpt_may_be_masked(&e, 0, 0));
    unsigned char flag;
    assert_false(excerpt_mask_row(&e, 0, 0, 0, &flag));
    excerpt_free(&e);
    scene_free(&scene);

    /* Without masks their pairs are counted all the same. */
    scene_begin(&scene);
    set(&scene, SETTING_CAUSAL, "start");
    scene_compute(&scene, (struct request){.without_masks = true}, (struct selection){0});
    assert_false(scene.result.masks.are_kept);
    assert_null(masks_head(&scene.result.masks, 0, 0)->bits);
    assert_int_equal(scene.result.measures[0].allowed, N * (N + 1) / 2);
    refused(&scene.result, (struct selection){.average_heads = true},
            "the mean needs all weights and masks to be kept");
    scene_free(&scene);
}

/* Masks that differ are counted each by itself, with and without their bits; blocks of each head too. */
static void masks_that_differ_are_counted_apart(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct scene scene = {0};
        const bool blocks = i / 2;
        scene_begin(&scene);
        struct tensor *mask = &scene.inputs.all.tensor[blocks ? INPUT_BLOCK_MASK : INPUT_MASK];
        *mask = blocks ? numbers(4, HEADS, 3, 3, 0) : mask_numbers(4, LAYERS, HEADS, N, M);
        if (blocks) {
            set(&scene, SETTING_BLOCK, "2");
            for (size_t c = 0; c < tensor_count(mask); c++) /* head 0 alone has all blocks */
                mask->data[c] = c < 9 || mask->data[c] > 0;
        }
        scene_compute(&scene, (struct request){.without_masks = i % 2}, (struct selection){0});
        for (size_t l = 0; l < LAYERS; l++)
            for (size_t h = 0; h < HEADS; h++) {
                size_t allowed = 0;
                for (size_t pair = 0; pair < N * M; pair++)
                    allowed += !is_masked(&scene.problem, l, h, pair / M, pair % M);
                assert_int_equal(scene.result.measures[l * HEADS + h].allowed, allowed);
                assert_int_equal(masks_head(&scene.result.masks, l, h)->allowed, allowed);
            }
        scene_free(&scene);
    }
}

/* Layers whose encodings are as wide, but one of pairs and one of features, have none in common. */
static void encodings_of_two_kinds_are_no_stage(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct error error = {0};
    struct selection everything = {0}, one = {.layers = second, .layer_count = 1};
    struct stage_shape shape;
    scene.inputs.all.tensor[INPUT_Q] = numbers(1, LAYERS, 1, N, M);
    scene.inputs.all.tensor[INPUT_K] = numbers(2, LAYERS, 1, M, M);
    scene.inputs.layers = calloc(LAYERS, sizeof *scene.inputs.layers);
    assert_non_null(scene.inputs.layers);
    scene.inputs.layer_count = LAYERS;
    set(&scene, SETTING_POSITION, "alibi");
    assert_true(settings_parse(&scene.inputs.layers[1].settings, SETTING_POSITION, "rotary", "it",
                               ERROR_USAGE, &error));
    scene_compute(&scene, (struct request){0}, (struct selection){0});
    assert_false(stage_find(&shape, STAGE_ENCODING, &scene.problem, &everything, &error));
    assert_int_equal(error.kind, ERROR_INPUT);
    error = (struct error){0};
    assert_true(stage_find(&shape, STAGE_ENCODING, &scene.problem, &one, &error));
    assert_false(shape.is_pairs);
    assert_int_equal(shape.whose, STAGE_HEADS_JOINT);
    scene_free(&scene);
}

/* The rules do not change weights that were given; what they hold at masked pairs is counted. */
static void given_weights_are_measured_by_their_mask(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene.inputs.all.tensor[INPUT_ATTENTION] = numbers(7, HEADS, N, N, 0);
    for (size_t i = 0; i < HEADS * N * N; i++)
        scene.inputs.all.tensor[INPUT_ATTENTION].data[i] = (float)(i % 2) / 2;
    set(&scene, SETTING_CAUSAL, "start");
    scene_compute(&scene, (struct request){.without_masks = true}, (struct selection){0});
    size_t wanted = 0;
    for (size_t i = 0; i < HEADS * N * N; i++)
        wanted += i % 2 && i % N > i / N % N;
    size_t found = 0;
    for (size_t l = 0; l < scene.problem.layer_count; l++)
        found += scene.result.given[l].weight_on_masked;
    assert_int_equal(found, wanted);
    assert_true(scene.result.masks.are_kept);
    struct excerpt e = excerpt_of(&scene.result, (struct selection){.heads = second, .head_count = 1});
    assert_same(number(&e, STAGE_WEIGHTS, 0, 0, 2, 4), 0.5f);
    assert_false(excerpt_has(&e, STAGE_OUTPUT) || excerpt_has(&e, STAGE_Q) || excerpt_has(&e, STAGE_MASK));
    excerpt_free(&e);
    /* Masked weight is measured too, of a head and of the mean: row 0 may attend to key 0, and has 0.5 at 1 and 3. */
    double entropy = 0;
    for (size_t i = 0; i < N * N; i++)
        entropy += i % 2 ? 0.5 * log(2) / N : 0;
    assert_true(fabs(scene.result.measures[0].entropy - entropy) < 1e-6);
    static const size_t even[] = {0, 2};
    e = excerpt_of(&scene.result, (struct selection){.heads = even, .head_count = 2, .average_heads = true});
    assert_true(e.is_part);
    entropy = 0;
    for (size_t i = 0; i < N * N; i++) {
        double weight = (double)mean_of(&scene.result, STAGE_WEIGHTS, 0, even, 2, i / N, i % N);
        entropy += weight > 0 ? -weight * log(weight) / N : 0;
    }
    assert_true(fabs(excerpt_measures(&e, 0, 0)->entropy - entropy) < 1e-6);
    excerpt_free(&e);
    e = excerpt_of(&scene.result, (struct selection){.average_heads = true});
    assert_true(e.is_part);
    excerpt_free(&e);
    scene_free(&scene);
}

static void an_encoding_of_all_heads_has_one_matrix(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_begin(&scene);
    set(&scene, SETTING_POSITION, "alibi");
    scene_compute(&scene, (struct request){.stages = 1u << STAGE_ENCODING}, (struct selection){0});
    struct excerpt e = excerpt_of(&scene.result, selection_of(&parts[1]));
    assert_true(e.shape[STAGE_ENCODING].is_pairs);
    assert_int_equal(e.shape[STAGE_ENCODING].heads, 3);
    assert_same(number(&e, STAGE_ENCODING, 0, 1, 2, 0), whole(&scene.result, STAGE_ENCODING, 1, 0, 3, 2));
    excerpt_free(&e);
    scene_free(&scene);

    scene.inputs.all.tensor[INPUT_Q] = numbers(1, HEADS, N, 4, 0);
    scene.inputs.all.tensor[INPUT_K] = numbers(2, HEADS, M, 4, 0);
    set(&scene, SETTING_POSITION, "rotary");
    scene_compute(&scene, (struct request){.stages = 1u << STAGE_ENCODING}, (struct selection){0});
    e = excerpt_of(&scene.result, (struct selection){.heads = mixed, .head_count = 3, .query_first = 2});
    assert_false(e.shape[STAGE_ENCODING].is_pairs);
    assert_int_equal(e.shape[STAGE_ENCODING].heads, 1);
    assert_int_equal(e.shape[STAGE_ENCODING].rows, N - 2);
    assert_int_equal(e.shape[STAGE_ENCODING].columns, 4);
    assert_same(number(&e, STAGE_ENCODING, 0, 0, 1, 2), whole(&scene.result, STAGE_ENCODING, 0, 0, 3, 2));
    excerpt_free(&e);
    scene_free(&scene);
}

/* Positions go on where the past ends. */
static void an_encoding_begins_behind_the_past(void **state)
{
    (void)state;
    enum { PAST = 3 };
    struct scene scene = {0};
    scene.inputs.all.tensor[INPUT_EMBEDDINGS] = numbers(1, N, 4, 0, 0);
    scene.inputs.all.tensor[INPUT_PAST_K] = numbers(2, PAST, 4, 0, 0);
    scene.inputs.all.tensor[INPUT_PAST_V] = numbers(3, PAST, 4, 0, 0);
    set(&scene, SETTING_POSITION, "sinusoidal");
    scene_compute(&scene, (struct request){.stages = 1u << STAGE_ENCODING}, (struct selection){0});
    struct excerpt e = excerpt_of(&scene.result, (struct selection){.query_first = 1});
    for (size_t i = 0; i + 1 < N; i++) {
        const double position = (double)(PAST + 1 + i);
        assert_true(fabs((double)number(&e, STAGE_ENCODING, 0, 0, i, 0) - sin(position)) < 1e-6);
        assert_true(fabs((double)number(&e, STAGE_ENCODING, 0, 0, i, 1) - cos(position)) < 1e-6);
        assert_true(fabs((double)number(&e, STAGE_ENCODING, 0, 0, i, 2) - sin(position / 100)) < 1e-6);
    }
    excerpt_free(&e);
    scene_free(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_excerpts_at_once_and_in_turn),
        cmocka_unit_test(whole_stages_are_not_copied),
        cmocka_unit_test(a_projected_output_keeps_its_columns),
        cmocka_unit_test(a_mean_over_heads_owns_its_numbers),
        cmocka_unit_test(a_mean_is_measured_by_what_some_head_attends_to),
        cmocka_unit_test(a_mean_is_masked_only_where_all_heads_are),
        cmocka_unit_test(pooled_cells_are_whole),
        cmocka_unit_test(a_kept_range_can_be_cut_further),
        cmocka_unit_test(chosen_queries_are_computed_alone),
        cmocka_unit_test(says_what_can_be_had),
        cmocka_unit_test(cells_are_of_whole_periods),
        cmocka_unit_test(rows_that_are_nan_are_counted_in_every_head),
        cmocka_unit_test(masks_are_what_the_rules_say),
        cmocka_unit_test(heads_share_masks),
        cmocka_unit_test(many_heads_share_masks),
        cmocka_unit_test(masks_that_differ_are_counted_apart),
        cmocka_unit_test(encodings_of_two_kinds_are_no_stage),
        cmocka_unit_test(given_weights_are_measured_by_their_mask),
        cmocka_unit_test(an_encoding_of_all_heads_has_one_matrix),
        cmocka_unit_test(an_encoding_begins_behind_the_past),
    };
    return cmocka_run_group_tests_name("excerpt", tests, NULL, NULL);
}
