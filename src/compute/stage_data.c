#include "compute/stage_data.h"

#include <stdlib.h>
#include <string.h>

#include "attention/position.h"
#include "attention/reference.h"
#include "base/memory.h"
#include "base/workers.h"
#include "compute/selection.h"
#include "engine/engine.h"
#include "problem/problem_head.h"

/* Copies q, k or v into its stage. */
static void fill_operand(const struct stage_data *stage, const struct layer *layer, int which)
{
    const struct stage_shape *shape = &stage->shape;
    for (size_t h = 0; h < shape->heads; h++) {
        struct strided from = layer_operand(layer, which, h);
        float *to = stage_data_matrix(stage, layer->index, h);
        for (size_t i = 0; i < shape->rows; i++)
            memcpy(to + i * shape->columns, from.data + i * from.row, shape->columns * sizeof *to);
    }
}

void stage_data_fill_heads(const struct stage_data stages[STAGE_COUNT], size_t layer, const float *heads)
{
    const struct stage_data *stage = &stages[STAGE_HEADS];
    const struct stage_shape *shape = &stage->shape;
    for (size_t h = 0; stage->data && h < shape->heads; h++) {
        float *to = stage_data_matrix(stage, layer, h);
        for (size_t i = 0; i < shape->rows; i++)
            memcpy(to + i * shape->columns, heads + (i * shape->heads + h) * shape->columns,
                   shape->columns * sizeof *to);
    }
}

/* Rows of a stage that comes of the reference, and room for one a thread. */
struct score_rows {
    const struct stage_data *stage;
    const struct layer *layer;
    enum stage which;
    double *memory;
    size_t *keys;
};

static void scores_work(void *context, int worker, size_t r)
{
    const struct score_rows *rows = context;
    const struct stage_shape *shape = &rows->stage->shape;
    const size_t h = r / shape->rows, i = r % shape->rows, at = (size_t)worker * shape->columns;
    struct reference_room made = {.row = rows->memory + at, .keys = rows->keys + at};
    if (!stage_data_has(rows->stage, rows->layer->index, h))
        return;
    float *to = stage_data_matrix(rows->stage, rows->layer->index, h) + i * shape->columns;
    reference_row(&rows->layer->heads[h], i, rows->which, &made);
    for (size_t j = 0; j < shape->columns; j++)
        to[j] = (float)made.row[j];
}

/* Scores, scaled and masked, as the reference has them. */
static bool fill_scores(const struct stage_data *stage, const struct layer *layer, enum stage which,
                        int threads, struct error *error)
{
    const struct stage_shape *shape = &stage->shape;
    threads = shape->rows * shape->columns < 10000 ? 1 : engine_threads(threads);
    size_t count;
    if (!size_multiply(shape->columns, (size_t)threads, &count))
        return error_memory(error, SIZE_MAX);
    double *memory = memory_alloc(count, sizeof *memory, error);
    size_t *keys = memory_alloc(count, sizeof *keys, error);
    if (!memory || !keys) {
        free(memory);
        free(keys);
        return false;
    }
    struct score_rows rows = {stage, layer, which, memory, keys};
    workers_run_on(threads, shape->heads * shape->rows, scores_work, &rows);
    free(memory);
    free(keys);
    return true;
}

/* What the distances of a layer's heads add to the scores. */
static void fill_distances(const struct stage_data *stage, const struct layer *layer)
{
    for (size_t h = 0; h < stage->shape.heads; h++) {
        if (!stage_data_has(stage, layer->index, h))
            continue;
        float *to = stage_data_matrix(stage, layer->index, h);
        struct head head;
        problem_head(layer->problem, layer->index, h, &head);
        for (size_t i = 0; i < stage->shape.rows; i++)
            for (size_t j = 0; j < stage->shape.columns; j++)
                *to++ = (float)head_distance(&head, i, j);
    }
}

static void fill_encoding(const struct stage_data *stage, const struct layer *layer)
{
    const struct problem_layer *spec = &layer->problem->layers[layer->index];
    const struct stage_shape *shape = &stage->shape;
    bool each;
    size_t columns = stage_encoding_columns(spec, layer->problem->m, &each);
    const bool is_chosen = columns == shape->columns && each == shape->is_pairs;
    if (stage->place && is_chosen)
        fill_distances(stage, layer);
    if (stage->place)
        return;
    float *to = stage_data_matrix(stage, layer->index, 0);
    if (!is_chosen)
        memset(to, 0, shape->heads * shape->rows * shape->columns * sizeof *to);
    else if (spec->settings.position == POSITION_SINUSOIDAL)
        position_sinusoidal(to, shape->rows, shape->columns, &spec->encoded_at[0], spec->position_base);
    else
        position_rotary_table(to, shape->rows, &spec->rotation, &spec->query_at);
}

bool stage_data_fill(struct stage_data stages[STAGE_COUNT], const struct layer *layer, int threads,
                     struct error *error)
{
    if (stages[STAGE_ENCODING].data)
        fill_encoding(&stages[STAGE_ENCODING], layer);
    for (int which = 0; which < 3; which++)
        if (stages[STAGE_Q + which].data)
            fill_operand(&stages[STAGE_Q + which], layer, which);
    for (enum stage stage = STAGE_SCORES; stage < STAGE_WEIGHTS; stage++)
        if (stages[stage].data && !fill_scores(&stages[stage], layer, stage, threads, error))
            return false;
    return true;
}

/* The shape of a stage as it is kept. */
static bool stage_data_plan(struct stage_data *data, enum stage stage, const struct problem *problem,
                            const struct request *request, const struct pair_cells *cells,
                            struct error *error)
{
    if (!stage_find(&data->shape, stage, problem, request->selection, error))
        return false;
    if (stage == STAGE_WEIGHTS || stage == STAGE_MASK) {
        data->shape.rows = cells->rows;
        data->shape.columns = cells->columns;
    }
    return true;
}

bool stage_data_lend(struct stage_data *data, const struct problem *problem, struct error *error)
{
    const size_t layer = problem->heads * problem->n * problem->m;
    data->given = memory_alloc(problem->layer_count, sizeof *data->given, error);
    for (size_t l = 0; data->given && l < problem->layer_count; l++) {
        const struct problem_layer *spec = &problem->layers[l];
        data->given[l] = spec->attention->data + (spec->attention->rank == 4 ? spec->slice : 0) * layer;
    }
    return data->given;
}

/* Gives the chosen heads of the chosen layers places, in their order. *count: how many. */
static bool stage_data_place(struct stage_data *data, const struct problem *problem,
                             const struct selection *selection, size_t *count, struct error *error)
{
    data->place = memory_alloc(problem->layer_count * problem->heads, sizeof *data->place, error);
    *count = 0;
    for (size_t l = 0; data->place && l < problem->layer_count; l++)
        for (size_t h = 0; h < problem->heads; h++)
            data->place[l * problem->heads + h] = selection_has(selection, l, h) ? (*count)++ : SIZE_MAX;
    return data->place;
}

static bool stage_data_alloc(struct stage_data *data, const struct problem *problem,
                             const struct selection *selection, struct error *error)
{
    const struct stage_shape *shape = &data->shape;
    const bool is_of_heads = shape->is_pairs && shape->whose == STAGE_HEADS_EACH;
    size_t matrices, count;
    if (!size_multiply(problem->layer_count, shape->heads, &matrices))
        return error_memory(error, SIZE_MAX);
    if (is_of_heads && !stage_data_place(data, problem, selection, &matrices, error))
        return false;
    if (!size_multiply(shape->rows, shape->columns, &count) || !size_multiply(count, matrices, &count))
        return error_memory(error, SIZE_MAX);
    data->data = memory_alloc(count, sizeof *data->data, error);
    return data->data != NULL;
}

bool stage_data_make(struct stage_data stages[STAGE_COUNT], const struct problem *problem,
                     const struct request *request, const struct pair_cells *cells, struct error *error)
{
    const unsigned weights = request->without_weights ? 0 : 1u << STAGE_WEIGHTS,
                   wanted = request->stages | weights | (problem->d_out > 0 ? 1u << STAGE_OUTPUT : 0);
    for (enum stage s = 0; s < STAGE_COUNT; s++) {
        if (!(wanted & 1u << s))
            continue;
        if (!stage_data_plan(&stages[s], s, problem, request, cells, error))
            return false;
        if (s != STAGE_MASK && !stages[s].given &&
            !stage_data_alloc(&stages[s], problem, request->selection, error))
            return false;
    }
    return true;
}

void stage_data_free(struct stage_data stages[STAGE_COUNT])
{
    for (enum stage s = 0; s < STAGE_COUNT; s++) {
        free(stages[s].data);
        free(stages[s].given);
        free(stages[s].place);
    }
}
