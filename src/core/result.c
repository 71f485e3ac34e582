/* From a problem to a result, layer by layer. Choosing parts of it is select.c. */
#include "core/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "core/engine.h"

/* Everything that one layer needs while it is computed. */
struct layer_work {
    const struct problem *problem;
    size_t layer;
    const float *previous;  /* output of the layer below, n×d_out */
    float *owned[3];        /* projected q, k, v; NULL where given */
    struct grid operand[3]; /* q, k, v of head 0 */
    size_t head_step[3];    /* from one head to the next */
    struct head *heads;
    float *concat;             /* n×(heads·d_v) before w_o, where there is one */
    struct row_measures *rows; /* heads×n */
    struct keeper *keepers;
};

/* Keeps the rows of a head as they come, and measures them. */
struct keeper {
    float *weights; /* n×m */
    size_t m;
    double position; /* of query 0 among the keys */
    struct row_measures *rows;
};

static void keep_rows(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    const struct keeper *keeper = context;
    for (size_t r = 0; r < count; r++) {
        size_t i = first + r;
        float *row = keeper->weights + i * keeper->m;
        if (row != weights + r * stride)
            memcpy(row, weights + r * stride, keeper->m * sizeof *row);
        keeper->rows[i] = measures_row(row, keeper->m, keeper->position + (double)i);
    }
}

/* Sets operand[which], projecting if need be. */
static bool supply_make(struct layer_work *work, const struct supply *supply, int which,
                        const struct engine_options *engine, struct error *error)
{
    if (supply->width == 0)
        return true;
    size_t d = supply->width / supply->heads;
    if (supply->given) {
        const struct tensor *t = supply->given;
        const float *data = t->data;
        size_t slice = t->rank == 4 ? work->problem->layers[work->layer].slice : 0;
        work->operand[which] = (struct grid){.data = data + slice * supply->rows * supply->width,
                                             .row = t->rank == 2 ? supply->width : d,
                                             .column = 1};
        work->head_step[which] = t->rank == 2 ? d : supply->rows * d;
        return true;
    }
    const float *x = supply->previous ? work->previous : supply->x->data;
    size_t inner = supply->w ? supply->w->shape[0] : supply->width, count;
    if (!supply->w && !supply->b) {
        work->operand[which] = (struct grid){.data = x, .row = supply->width, .column = 1};
        work->head_step[which] = d;
        return true;
    }
    if (!size_multiply(supply->rows, supply->width, &count))
        return error_memory(error, SIZE_MAX);
    float *y = work->owned[which] = memory_take(count, sizeof *y, error);
    if (!y ||
        !engine_project(x, inner, supply->w ? supply->w->data : NULL, supply->b ? supply->b->data : NULL,
                        supply->rows, inner, supply->width, y, engine->threads, error))
        return false;
    work->operand[which] = (struct grid){.data = y, .row = supply->width, .column = 1};
    work->head_step[which] = d;
    return true;
}

static struct grid operand_of(const struct layer_work *work, int which, size_t head)
{
    struct grid grid = work->operand[which];
    if (grid.data)
        grid.data += head * work->head_step[which];
    return grid;
}

static bool heads_make(struct layer_work *work, struct error *error)
{
    const struct problem *problem = work->problem;
    size_t group = problem->heads / problem->kv_heads;
    work->heads = memory_zeroed(problem->heads, sizeof *work->heads, error);
    if (!work->heads)
        return false;
    for (size_t h = 0; h < problem->heads; h++) {
        problem_rules(problem, work->layer, h, &work->heads[h]);
        work->heads[h].q = operand_of(work, 0, h);
        work->heads[h].k = operand_of(work, 1, h / group);
        work->heads[h].v = operand_of(work, 2, h / group);
    }
    return true;
}

/* Copies q, k or v into its stage. */
static void keep_operand(struct result *result, const struct layer_work *work, int which)
{
    struct stage_data *stage = &result->stage[STAGE_Q + which];
    for (size_t h = 0; h < stage->heads; h++) {
        struct grid grid = operand_of(work, which, h);
        float *to = stage->data + (work->layer * stage->heads + h) * stage->rows * stage->columns;
        for (size_t i = 0; i < stage->rows; i++)
            memcpy(to + i * stage->columns, grid.data + i * grid.row, stage->columns * sizeof *to);
    }
}

/* Scores, scaled and masked, as the reference has them. */
static bool keep_scores(struct result *result, const struct layer_work *work, enum stage which,
                        struct error *error)
{
    struct stage_data *stage = &result->stage[which];
    double *row = memory_take(stage->columns, sizeof *row, error);
    if (!row)
        return false;
    for (size_t h = 0; h < stage->heads; h++) {
        float *to = stage->data + (work->layer * stage->heads + h) * stage->rows * stage->columns;
        for (size_t i = 0; i < stage->rows; i++) {
            reference_row(&work->heads[h], i, which, row);
            for (size_t j = 0; j < stage->columns; j++)
                to[i * stage->columns + j] = (float)row[j];
        }
    }
    free(row);
    return true;
}

/* The engine counts the rows of one layer, the caller those of all. */
struct layer_progress {
    const struct engine_options *engine;
    size_t layer, layers;
};

static void layer_progress(void *context, size_t done, size_t rows)
{
    const struct layer_progress *p = context;
    p->engine->progress(p->engine->context, p->layer * rows + done, p->layers * rows);
}

/* Runs the heads of the layer. Output goes straight to its place, or through w_o. */
static bool attend(struct result *result, struct layer_work *work, const struct engine_options *engine,
                   struct error *error)
{
    const struct problem *problem = work->problem;
    const struct problem_layer *layer = &problem->layers[work->layer];
    size_t n = problem->n, m = problem->m, width = problem->heads * problem->d_v, count;
    struct stage_data *out = &result->stage[STAGE_OUTPUT];
    float *output = out->data ? out->data + work->layer * n * problem->d_out : NULL;
    bool projected = layer->w_o || layer->b_o;
    if (output && projected) {
        if (!size_multiply(n, width, &count) ||
            !(work->concat = memory_take(count, sizeof *work->concat, error)))
            return error_memory(error, SIZE_MAX);
    }
    struct engine_job *jobs = memory_zeroed(problem->heads, sizeof *jobs, error);
    if (!jobs)
        return false;
    for (size_t h = 0; h < problem->heads; h++) {
        float *to = projected ? work->concat : output;
        jobs[h] = (struct engine_job){.head = &work->heads[h],
                                      .output = to ? to + h * problem->d_v : NULL,
                                      .output_row = width,
                                      .taker = {keep_rows, &work->keepers[h]}};
    }
    struct layer_progress progress = {engine, work->layer, problem->layer_count};
    struct engine_options options = *engine;
    options.progress = engine->progress ? layer_progress : NULL;
    options.context = &progress;
    bool ok = engine_run_with(jobs, problem->heads, &options, error);
    free(jobs);
    if (ok && output && projected)
        ok = engine_project(work->concat, width, layer->w_o ? layer->w_o->data : NULL,
                            layer->b_o ? layer->b_o->data : NULL, n, width, problem->d_out, output,
                            engine->threads, error);
    (void)m;
    return ok;
}

/* Weights that were given are kept as they are. */
static void take_given(const struct problem_layer *layer, const struct problem *problem,
                       struct layer_work *work)
{
    const struct tensor *t = layer->attention;
    size_t matrix = problem->n * problem->m, slice = t->rank == 4 ? layer->slice : 0;
    for (size_t h = 0; h < problem->heads; h++)
        keep_rows(&work->keepers[h], 0, problem->n, t->data + (slice * problem->heads + h) * matrix,
                  problem->m);
}

static bool keepers_make(struct result *result, struct layer_work *work, struct error *error)
{
    const struct problem *problem = work->problem;
    size_t rows;
    if (!size_multiply(problem->heads, problem->n, &rows))
        return error_memory(error, SIZE_MAX);
    work->rows = memory_take(rows, sizeof *work->rows, error);
    work->keepers = memory_take(problem->heads, sizeof *work->keepers, error);
    if (!work->rows || !work->keepers)
        return false;
    for (size_t h = 0; h < problem->heads; h++)
        work->keepers[h] =
            (struct keeper){.weights = result->stage[STAGE_WEIGHTS].data +
                                       (work->layer * problem->heads + h) * problem->n * problem->m,
                            .m = problem->m,
                            .position = (double)problem->layers[work->layer].offset,
                            .rows = work->rows + h * problem->n};
    return true;
}

static bool layer_compute(struct result *result, struct layer_work *work, const struct engine_options *engine,
                          struct error *error)
{
    const struct problem *problem = work->problem;
    const struct problem_layer *layer = &problem->layers[work->layer];
    if (!keepers_make(result, work, error))
        return false;
    if (layer->attention) {
        take_given(layer, problem, work);
    } else {
        if (!supply_make(work, &layer->q, 0, engine, error) ||
            !supply_make(work, &layer->k, 1, engine, error) ||
            !supply_make(work, &layer->v, 2, engine, error) || !heads_make(work, error) ||
            !attend(result, work, engine, error))
            return false;
        for (int which = 0; which < 3; which++)
            if (result->stage[STAGE_Q + which].data)
                keep_operand(result, work, which);
        for (enum stage stage = STAGE_SCORES; stage < STAGE_WEIGHTS; stage++)
            if (result->stage[stage].data && !keep_scores(result, work, stage, error))
                return false;
    }
    for (size_t h = 0; h < problem->heads; h++)
        result->measures[work->layer * problem->heads + h] =
            measures_head(work->rows + h * problem->n, problem->n);
    return true;
}

static void work_free(struct layer_work *work)
{
    for (int i = 0; i < 3; i++)
        free(work->owned[i]);
    free(work->heads);
    free(work->concat);
    free(work->rows);
    free(work->keepers);
}

/* Takes the memory of a stage for all layers. */
static bool stage_make(struct result *result, enum stage which, size_t heads, size_t rows, size_t columns,
                       struct error *error)
{
    size_t count;
    if (!size_multiply(rows, columns, &count) || !size_multiply(count, heads, &count) ||
        !size_multiply(count, result->layer_count, &count))
        return error_memory(error, SIZE_MAX);
    result->stage[which] = (struct stage_data){
        .data = memory_take(count, sizeof(float), error), .heads = heads, .rows = rows, .columns = columns};
    return result->stage[which].data != NULL;
}

static bool stages_make(struct result *result, unsigned stages, struct error *error)
{
    const struct problem *p = result->problem;
    if (!stage_make(result, STAGE_WEIGHTS, p->heads, p->n, p->m, error) ||
        (p->d_out > 0 && !stage_make(result, STAGE_OUTPUT, 1, p->n, p->d_out, error)))
        return false;
    for (enum stage s = 0; s < STAGE_COUNT; s++) {
        if (!(stages & 1u << s) || s == STAGE_WEIGHTS)
            continue;
        if (p->layers[0].attention)
            return error_set(error, ERROR_INPUT,
                             "there is no stage %s: the weights were given, nothing is computed",
                             stage_names[s]);
        bool absent = (s == STAGE_V && p->d_v == 0) || (s == STAGE_OUTPUT && p->d_out == 0);
        if (absent)
            return error_set(error, ERROR_INPUT, "there is no stage %s: the input has no v", stage_names[s]);
        bool ok = true;
        if (stage_is_pairs(s))
            ok = stage_make(result, s, p->heads, p->n, p->m, error);
        else if (s == STAGE_Q)
            ok = stage_make(result, s, p->heads, p->n, p->d_k, error);
        else if (s == STAGE_K)
            ok = stage_make(result, s, p->kv_heads, p->m, p->d_k, error);
        else if (s == STAGE_V)
            ok = stage_make(result, s, p->kv_heads, p->m, p->d_v, error);
        if (!ok)
            return false;
    }
    return true;
}

/* The lists of what is here: everything. */
static bool indexes_make(struct result *result, struct error *error)
{
    result->layer_index = memory_take(result->layer_count, sizeof *result->layer_index, error);
    result->head_index = memory_take(result->head_count, sizeof *result->head_index, error);
    if (!result->layer_index || !result->head_index)
        return false;
    for (size_t i = 0; i < result->layer_count; i++)
        result->layer_index[i] = i;
    for (size_t i = 0; i < result->head_count; i++)
        result->head_index[i] = i;
    return true;
}

static void warn_blind(const struct result *result, struct warnings *warnings)
{
    size_t blind = 0, count = result->layer_count * result->head_count;
    for (size_t i = 0; i < count; i++)
        blind += result->measures[i].blind_rows;
    if (blind > 0)
        warnings_add(warnings, "%zu of %zu rows may see no key: their weights and output are 0", blind,
                     count * result->query_count);
}

bool result_compute(struct result *result, const struct problem *problem, unsigned stages,
                    const struct engine_options *engine, struct warnings *warnings, struct error *error)
{
    *result = (struct result){.problem = problem,
                              .layer_count = problem->layer_count,
                              .head_count = problem->heads,
                              .query_count = problem->n,
                              .key_count = problem->m};
    size_t heads;
    if (!size_multiply(problem->layer_count, problem->heads, &heads))
        return error_memory(error, SIZE_MAX);
    result->measures = memory_take(heads, sizeof *result->measures, error);
    if (!result->measures || !indexes_make(result, error) || !stages_make(result, stages, error))
        return false;
    for (size_t l = 0; l < problem->layer_count; l++) {
        struct layer_work work = {.problem = problem, .layer = l};
        if (l > 0 && result->stage[STAGE_OUTPUT].data)
            work.previous = result->stage[STAGE_OUTPUT].data + (l - 1) * problem->n * problem->d_out;
        bool ok = layer_compute(result, &work, engine, error);
        work_free(&work);
        if (!ok)
            return false;
    }
    warn_blind(result, warnings);
    return true;
}

void result_free(struct result *result)
{
    for (int s = 0; s < STAGE_COUNT; s++)
        free(result->stage[s].data);
    free(result->measures);
    free(result->layer_index);
    free(result->head_index);
    *result = (struct result){0};
}
