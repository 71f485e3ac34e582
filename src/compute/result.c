/* From a problem to a result, layer by layer. One layer is layer.c; choosing parts of the result is select.c.
 */
#include "compute/result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attention/mask.h"
#include "attention/mask_count.h"
#include "base/memory.h"
#include "compute/layer.h"
#include "compute/stage.h"
#include "engine/dilated.h"
#include "problem/problem_head.h"

/* Keeps the rows of weights of a head as they come, or the chosen keys of them. */
struct keeper {
    float *weights; /* rows×columns */
    size_t columns, key_first;
};

static void keep_rows(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    const struct keeper *keeper = context;
    for (size_t r = 0; r < count; r++)
        memcpy(keeper->weights + (first + r) * keeper->columns, weights + r * stride + keeper->key_first,
               keeper->columns * sizeof *weights);
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

/* What the engine is to do for a layer, and what that needs. */
struct work {
    struct engine_job *jobs; /* one a head, and with KEPT_RANGE another */
    struct keeper *keepers;
    struct head *parts;
};

static void work_free(struct work *work)
{
    free(work->jobs);
    free(work->keepers);
    free(work->parts);
}

static bool work_make(struct work *work, struct result *result, const struct layer *layer, float *output,
                      struct error *error)
{
    const struct problem *problem = result->problem;
    const size_t heads = problem->heads, n = problem->n;
    const struct stage_data *weights = &result->stage[STAGE_WEIGHTS];
    work->jobs = memory_zeroed(2 * heads, sizeof *work->jobs, error);
    work->keepers = memory_zeroed(heads, sizeof *work->keepers, error);
    work->parts = memory_zeroed(heads, sizeof *work->parts, error);
    if (!work->jobs || !work->keepers || !work->parts)
        return false;
    for (size_t h = 0; h < heads; h++) {
        struct engine_job *job = &work->jobs[h];
        float *to = weights->data + (layer->index * heads + h) * weights->rows * weights->columns;
        *job = (struct engine_job){.head = &layer->heads[h],
                                   .output = layer_head_output(layer, output, h),
                                   .output_row = heads * problem->d_v,
                                   .measures = layer->rows + h * n};
        work->keepers[h] = (struct keeper){to, weights->columns, result->key_first};
        struct row_receiver receiver = {keep_rows, &work->keepers[h]};
        switch (result->kept) {
        case KEPT_ALL:
            job->receiver = receiver;
            break;
        case KEPT_RANGE:
            work->parts[h] = head_part(&layer->heads[h], result->query_first, result->query_count);
            work->jobs[heads + h] = (struct engine_job){.head = &work->parts[h], .receiver = receiver};
            break;
        case KEPT_POOLED:
            job->pool = (struct pooling){to, result->query_step, result->key_step, result->pool_mean};
            if (result->top)
                job->top = result->top + (layer->index * heads + h) * n * result->top_count;
            job->top_count = result->top_count;
            break;
        }
    }
    return true;
}

/* Runs the heads of the layer. */
static bool attend(struct result *result, struct layer *layer, const struct request *request,
                   struct error *error)
{
    const struct engine_options *engine = &request->engine;
    const struct problem *problem = result->problem;
    struct stage_data *out = &result->stage[STAGE_OUTPUT];
    float *output = out->data ? out->data + layer->index * problem->n * problem->d_out : NULL;
    struct layer_progress progress = {engine, layer->index, problem->layer_count};
    struct engine_options options = *engine;
    options.progress = engine->progress ? layer_progress : NULL;
    options.context = &progress;
    struct work work = {0};
    size_t jobs = problem->heads * (result->kept == KEPT_RANGE ? 2 : 1);
    bool ok = layer_output_make(layer, output, error) && work_make(&work, result, layer, output, error) &&
              engine_run(work.jobs, jobs, &options, error) &&
              layer_output_finish(layer, output, engine, error);
    /* One name for all layers: plain, if it computed any of them. */
    if (ok && strcmp(result->engine, "plain") != 0)
        result->engine = engine_name(work.jobs, jobs, &options);
    work_free(&work);
    return ok;
}

/* Measures a row of weights that were given, by the keys that it may look at and those that hold weight all
 * the same; *hidden counts the latter. `keys` has room for m. */
static struct row_measures measure_given(const struct head *rules, size_t i, const float *row, size_t *keys,
                                         size_t *hidden)
{
    const bool masked = mask_is_any(rules);
    size_t count = 0;
    for (size_t j = 0; j < rules->m; j++) {
        bool allowed = !masked || mask_allows(rules, i, j);
        *hidden += !allowed && row[j] != 0;
        if (allowed || row[j] != 0)
            keys[count++] = j;
    }
    return measures_row(row, keys, count, (double)rules->offset + (double)i,
                        rules->recurrent.rule == RECURRENCE_NONE);
}

/* Weights that were given are kept as they are. */
static bool keep_given(struct result *result, const struct layer *layer, struct error *error)
{
    const struct problem *problem = result->problem;
    const struct problem_layer *from = &problem->layers[layer->index];
    size_t matrix = problem->n * problem->m, slice = from->attention->rank == 4 ? from->slice : 0;
    size_t *keys = memory_alloc(problem->m, sizeof *keys, error);
    if (!keys)
        return false;
    for (size_t h = 0; h < problem->heads; h++) {
        const float *given = from->attention->data + (slice * problem->heads + h) * matrix;
        struct head rules;
        problem_head(problem, layer->index, h, &rules);
        memcpy(result->stage[STAGE_WEIGHTS].data + (layer->index * problem->heads + h) * matrix, given,
               matrix * sizeof *given);
        for (size_t i = 0; i < problem->n; i++)
            layer->rows[h * problem->n + i] =
                measure_given(&rules, i, given + i * problem->m, keys, &result->hidden);
    }
    free(keys);
    return true;
}

/* Pairs that the masks of each head allow. Neighbouring heads mostly share them. */
static bool count_allowed(struct result *result, size_t layer, int threads, struct error *error)
{
    const struct problem *problem = result->problem;
    struct measures *measures = result->measures + layer * problem->heads;
    struct head head, before;
    for (size_t h = 0; h < problem->heads; h++, before = head) {
        problem_head(problem, layer, h, &head);
        bool same = h > 0 && head.bias.data == before.bias.data &&
                    head.rules.mask.data == before.rules.mask.data &&
                    head.rules.block_mask.data == before.rules.block_mask.data;
        if (same)
            measures[h].allowed = measures[h - 1].allowed;
        else if (!mask_count(&head, engine_threads(threads), &measures[h].allowed, error))
            return false;
    }
    return true;
}

static bool layer_compute(struct result *result, struct layer *layer, const struct request *request,
                          struct error *error)
{
    const struct problem *problem = result->problem;
    const bool given = problem->layers[layer->index].attention;
    if (given ? !keep_given(result, layer, error) : !attend(result, layer, request, error))
        return false;
    for (size_t h = 0; h < problem->heads; h++)
        result->measures[layer->index * problem->heads + h] =
            measures_head(layer->rows + h * problem->n, problem->n);
    return count_allowed(result, layer->index, request->engine.threads, error) &&
           stages_keep(result, layer, request->engine.threads, error);
}

/* The lists of what is here: everything. */
static bool indexes_make(struct result *result, struct error *error)
{
    result->layer_index = memory_alloc(result->layer_count, sizeof *result->layer_index, error);
    result->head_index = memory_alloc(result->head_count, sizeof *result->head_index, error);
    if (!result->layer_index || !result->head_index)
        return false;
    for (size_t i = 0; i < result->layer_count; i++)
        result->layer_index[i] = i;
    for (size_t i = 0; i < result->head_count; i++)
        result->head_index[i] = i;
    return true;
}

static void warn_rows(const struct result *result, struct warnings *warnings)
{
    const struct problem *problem = result->problem;
    size_t blind = 0, broken = 0, count = result->layer_count * result->head_count, rows = count * problem->n;
    for (size_t i = 0; i < count; i++) {
        blind += result->measures[i].blind_rows;
        broken += result->measures[i].nan_rows;
    }
    if (result->hidden > 0)
        warnings_add(warnings, "weight on forbidden pairs (%zu of them); it is shown", result->hidden);
    if (problem->layers[0].attention)
        return; /* what was given is checked where it is read */
    if (blind > 0)
        warnings_add(warnings, "%zu of %zu rows may see no key: their weights and output are 0", blind, rows);
    bool relative = false;
    for (size_t l = 0; l < problem->layer_count; l++)
        relative = relative || problem->layers[l].extra[INPUT_RELATIVE_BIAS];
    if (broken > 0 && !problem->nonfinite)
        warnings_add(warnings, "%zu of %zu rows are NaN: their scores are too large for float32%s", broken,
                     rows, relative ? ", or all -infinity" : "");
}

enum kept result_kept(const struct problem *problem, const struct request *request)
{
    const struct selection *s = request->selection;
    double heads = (double)problem->layer_count * (double)problem->heads,
           limit = (double)request->max_weights;
    /* Weights that were given are in memory already. */
    if (problem->layers[0].attention || heads * (double)problem->n * (double)problem->m <= limit)
        return KEPT_ALL;
    double block = (double)(s->query_end - s->query_first) * (double)(s->key_end - s->key_first);
    bool part = s->query_end - s->query_first < problem->n || s->key_end - s->key_first < problem->m;
    return part && heads * block <= limit ? KEPT_RANGE : KEPT_POOLED;
}

/* `count` in `side` steps at most, each of whole periods. */
static size_t step_of(size_t count, size_t side, size_t period)
{
    return size_divide_up(size_divide_up(count, side), period) * period;
}

/* The finest cells that fit the limit over all heads, at most POOLED_SIDE of them each way. */
static void plan_cells(struct result *result, size_t limit)
{
    const struct problem *problem = result->problem;
    const struct rules *rules = &problem->layers[0].rules;
    const size_t period = dilated_splits(rules, problem->m) ? rules->dilation : 1;
    double heads = (double)problem->layer_count * (double)problem->heads, cells;
    size_t side = POOLED_SIDE;
    do {
        result->query_step = step_of(problem->n, side, period);
        result->key_step = step_of(problem->m, side, period);
        cells = (double)size_divide_up(problem->n, result->query_step) *
                (double)size_divide_up(problem->m, result->key_step);
    } while (heads * cells > (double)limit && --side > 0);
}

/* What there is room for; the message for what there is not. */
static bool plan(struct result *result, const struct request *request, struct error *error)
{
    const struct problem *problem = result->problem;
    const struct selection *s = request->selection;
    result->kept = result_kept(problem, request);
    if (result->kept == KEPT_ALL)
        return true;
    char pairs[40] = "";
    for (enum stage stage = 0; stage < STAGE_COUNT && !*pairs; stage++)
        if (request->stages & 1u << stage && stage != STAGE_WEIGHTS && stage != STAGE_MASK &&
            stage_is_pairs(problem, s, stage))
            snprintf(pairs, sizeof pairs, "--stage %s", stage_names[stage]);
    bool part = s->query_end - s->query_first < problem->n || s->key_end - s->key_first < problem->m;
    const char *what = *pairs                                ? pairs
                       : s->average_heads                    ? "--average heads"
                       : result->kept == KEPT_POOLED && part ? "a range of queries or keys this large"
                                                             : NULL;
    if (what)
        return error_set(
            error, ERROR_SYSTEM,
            "%zu×%zu×%zu×%zu weights are more than the %zu that --max-weights allows to be held: %s "
            "cannot be had; raise it%s",
            problem->layer_count, problem->heads, problem->n, problem->m, request->max_weights, what,
            *pairs || s->average_heads ? "" : ", or choose less with --queries and --keys");
    if (result->kept == KEPT_RANGE) {
        result->query_first = s->query_first;
        result->query_count = s->query_end - s->query_first;
        result->key_first = s->key_first;
        result->key_count = s->key_end - s->key_first;
        return true;
    }
    plan_cells(result, request->max_weights);
    result->pool_mean = request->pool_mean;
    if (!request->top_keys)
        return true;
    result->top_count = problem->m < TOP_KEYS ? problem->m : TOP_KEYS;
    size_t count;
    if (!size_multiply(problem->layer_count * problem->heads, problem->n, &count) ||
        !size_multiply(count, result->top_count, &count))
        return error_memory(error, SIZE_MAX);
    result->top = memory_alloc(count, sizeof *result->top, error);
    return result->top != NULL;
}

bool result_compute(struct result *result, const struct problem *problem, const struct request *request,
                    struct warnings *warnings, struct error *error)
{
    *result = (struct result){.problem = problem,
                              .engine = "none",
                              .layer_count = problem->layer_count,
                              .head_count = problem->heads,
                              .query_count = problem->n,
                              .key_count = problem->m,
                              .query_step = 1,
                              .key_step = 1};
    size_t heads;
    if (!size_multiply(problem->layer_count, problem->heads, &heads))
        return error_memory(error, SIZE_MAX);
    result->measures = memory_alloc(heads, sizeof *result->measures, error);
    if (!result->measures || !indexes_make(result, error) || !plan(result, request, error) ||
        !stages_make(result, request->stages, request->selection, error))
        return false;
    for (size_t l = 0; l < problem->layer_count; l++) {
        const float *outputs = result->stage[STAGE_OUTPUT].data;
        const float *previous = l > 0 && outputs ? outputs + (l - 1) * problem->n * problem->d_out : NULL;
        struct layer layer;
        bool ok = layer_make(&layer, problem, l, previous, &request->engine, error) &&
                  layer_compute(result, &layer, request, error);
        layer_free(&layer);
        if (!ok)
            return false;
    }
    if (result->kept == KEPT_POOLED)
        warnings_add(warnings,
                     "%zu×%zu×%zu×%zu weights are more than the %zu of --max-weights: cells of %zu×%zu are "
                     "held, the %s of each",
                     problem->layer_count, problem->heads, problem->n, problem->m, request->max_weights,
                     result->query_step, result->key_step, result->pool_mean ? "mean" : "largest");
    warn_rows(result, warnings);
    return true;
}

void result_free(struct result *result)
{
    for (int s = 0; s < STAGE_COUNT; s++)
        free(result->stage[s].data);
    free(result->measures);
    free(result->top);
    free(result->layer_index);
    free(result->head_index);
    *result = (struct result){0};
}
