/* From a problem to a result, layer by layer. One layer is layer.c; what is kept is planned by request.c. */
#include "compute/result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attention/head.h"
#include "base/memory.h"
#include "compute/layer.h"
#include "compute/layer_jobs.h"
#include "compute/selection.h"
#include "compute/stage_contribution.h"
#include "engine/engine.h"

/* From the progress of the engine, which counts the work of one layer, to that of all layers. */
struct layer_progress {
    const struct engine_options *engine;
    size_t layer, layers; /* of those that are computed */
};

static void layer_progress(void *context, size_t done, size_t total)
{
    const struct layer_progress *p = context;
    p->engine->progress(p->engine->context, p->layer * total + done, p->layers * total);
}

/* How many rows of a head's output have a NaN. */
static size_t nan_rows(const struct engine_job *job)
{
    size_t rows = 0;
    for (size_t i = 0; i < job->head->n; i++) {
        bool any = false;
        for (size_t c = 0; c < job->head->d_v; c++)
            any = any || isnan(job->output[i * job->output_row + c]);
        rows += any;
    }
    return rows;
}

static size_t layers_computed(const struct result *result)
{
    size_t count = 0;
    for (size_t l = 0; l < result->problem->layer_count; l++)
        count += result->layers[l];
    return count;
}

/* Of heads without measures: how many rows of their output are NaN. */
static void count_nan_rows(struct result *result, const struct layer *layer, const struct layer_jobs *work)
{
    const size_t heads = result->problem->heads;
    for (size_t h = 0, at = 0; h < heads && result->kept == KEPT_NOTHING; h++)
        if (result_heads(result, layer->index)[h])
            result->measures[layer->index * heads + h] =
                (struct measures){.nan_rows = nan_rows(&work->jobs[at++])};
}

/* Runs the engine over the heads of the layer. */
static bool layer_attend(struct result *result, struct layer *layer, const struct request *request,
                         struct error *error)
{
    const struct engine_options *engine = &request->engine;
    const struct problem *problem = result->problem;
    struct stage_data *out = &result->stage[STAGE_OUTPUT];
    float *output = out->data ? out->data + layer->index * problem->n * problem->d_out : NULL;
    struct layer_progress progress = {.engine = engine, .layers = layers_computed(result)};
    for (size_t l = 0; l < layer->index; l++)
        progress.layer += result->layers[l];
    struct engine_options options = *engine;
    options.progress = engine->progress ? layer_progress : NULL;
    options.context = &progress;
    struct layer_jobs work = {0};
    if (output && (result->only_chosen || result_head_count(result, layer->index) < problem->heads))
        memset(output, 0, problem->n * problem->d_out * sizeof *output);
    bool ok = layer_output_make(layer, output, error) &&
              layer_jobs_make(&work, result, layer, &request->watch, output, error);
    /* One name for all layers: plain, if it computes any of them. */
    if (ok && strcmp(result->engine, "plain") != 0) {
        result->engine = engine_name(work.jobs, work.count, &options);
        result->plain_reason = engine_plain_reason(work.jobs, work.count, &options);
    }
    const struct row_watch *watch = &request->watch;
    ok = ok && (!watch->begins || watch->begins(watch->context, layer, error)) &&
         engine_run(work.jobs, work.count, &options, error) &&
         (!watch->ends || watch->ends(watch->context, layer, layer_head_output(layer, output, 0), error));
    if (ok) {
        count_nan_rows(result, layer, &work);
        stage_data_fill_heads(result->stage, layer->index, layer_head_output(layer, output, 0));
    }
    ok = ok && layer_output_finish(layer, output, engine, error);
    layer_jobs_free(&work);
    return ok;
}

static bool layer_keep_given(struct result *result, const struct layer *layer, const struct request *request,
                             struct error *error)
{
    const struct given_work work = {.problem = result->problem,
                                    .layer = layer->index,
                                    .stage = &result->stage[STAGE_WEIGHTS],
                                    .masks = &result->masks,
                                    .request = request,
                                    .rows = layer->rows};
    memset(layer->rows, 0, result->problem->heads * result->problem->n * sizeof *layer->rows);
    return given_measure(&work, &result->given[layer->index], error);
}

/* How many queries of a head were computed. */
static size_t rows_computed(const struct result *result)
{
    return result->only_chosen ? result->cells.query_count : result->problem->n;
}

static bool layer_compute(struct result *result, struct layer *layer, const struct request *request,
                          struct error *error)
{
    const struct problem *problem = result->problem;
    const bool given = problem->layers[layer->index].attention;
    const int threads = request->engine.threads;
    const size_t first = result->only_chosen ? result->cells.query_first : 0, count = rows_computed(result);
    if (!masks_add(&result->masks, layer->index, result_heads(result, layer->index), engine_threads(threads),
                   error) ||
        !(given ? layer_keep_given(result, layer, request, error)
                : layer_attend(result, layer, request, error)) ||
        !(given || result->kept == KEPT_NOTHING ||
          precision_add(&result->precision, layer, result_heads(result, layer->index), first, first + count,
                        error)))
        return false;
    for (size_t h = 0; h < problem->heads; h++) {
        if (!result_heads(result, layer->index)[h])
            continue;
        struct measures *measures = &result->measures[layer->index * problem->heads + h];
        const struct mask *mask = masks_head(&result->masks, layer->index, h);
        if (result->kept == KEPT_NOTHING) {
            measures->blind_rows = mask->blind_rows;
        } else {
            *measures = measures_head(layer->rows + h * problem->n + first, count);
            measures->largest_query += first;
        }
        measures->allowed = mask->allowed;
    }
    return stage_data_fill(result->stage, layer, threads, error) &&
           stage_contribution_fill(result->stage, layer, error);
}

/* Rows whose weights are not the same in float32 and in double precision. What computed a layer is taken from
 * the result, which has one name for all. */
static void precision_warn(const struct result *result, size_t rows, struct warnings *warnings)
{
    const struct precision *p = &result->precision;
    const bool plain = strcmp(result->engine, "plain") == 0;
    const size_t count = p->rows + (plain ? p->nan_rows : 0);
    const struct precision_place *first = p->rows > 0 ? &p->first : &p->first_nan;
    char rounded[32] = "NaN"; /* printf would write nan */
    if (!isnan(first->rounded))
        snprintf(rounded, sizeof rounded, "%.4g", first->rounded);
    if (count > 0)
        warnings_add(warnings,
                     "%s%zu of %zu rows have scores whose differences float32 does not carry: in layer %zu, "
                     "head %zu, query %zu, key %zu has weight %s in float32 and %.4g in double precision; %s",
                     p->is_least ? "at least " : "", count, rows, first->layer, first->head, first->query,
                     first->key, rounded, first->exact,
                     plain ? "the latter is given" : "the former is given, --cpu plain gives the latter");
}

/* Whether a mask that was given forbids every query its own key, as one does in which true blocks. */
static bool masks_itself(const struct problem *problem)
{
    const struct problem_layer *layer = &problem->layers[0];
    const struct tensor *mask = layer->mask;
    const size_t n = problem->n;
    if (!mask || n != problem->m || n < 2 || mask->rank < 2 || mask->shape[mask->rank - 1] != n ||
        mask->shape[mask->rank - 2] != n || layer->rules.mask_true_blocks)
        return false;
    for (size_t i = 0; i < n; i++)
        if (mask->data[i * n + i] != 0)
            return false;
    return true;
}

static void result_warn(const struct result *result, const struct request *request, struct warnings *warnings)
{
    const struct problem *problem = result->problem;
    size_t blind = 0, broken = 0, filled = 0, count = problem->layer_count * problem->heads, rows = 0;
    for (size_t l = 0; l < problem->layer_count; l++)
        rows += result_head_count(result, l) * rows_computed(result);
    for (size_t i = 0; i < count; i++) {
        blind += result->measures[i].blind_rows;
        broken += result->measures[i].nan_rows;
        filled += result->measures[i].filled_rows;
    }
    if (result->given) {
        given_warn(&(struct given_warning){problem, request->selection, &result->stage[STAGE_WEIGHTS]},
                   result->given, warnings);
        return;
    }
    if (blind > 0)
        warnings_add(
            warnings, "%zu of %zu rows may see no key: their weights and output are 0%s", blind, rows,
            masks_itself(problem) ? "; no query sees itself: mask_true_blocks turns a mask round" : "");
    if (filled > 0)
        warnings_add(warnings, "%zu of %zu rows may see no key: their weights are those of mask_fill", filled,
                     rows);
    bool relative = false;
    for (size_t l = 0; l < problem->layer_count; l++)
        relative = relative || problem->layers[l].extra[INPUT_RELATIVE_BIAS];
    const struct precision *p = &result->precision;
    if (p->nan_rows > 0 && broken > 0)
        warnings_add(
            warnings,
            "%s%zu of %zu rows are NaN: their scores are too large for float32; the first is query %zu "
            "of layer %zu, head %zu; --cpu plain computes it",
            p->is_least ? "at least " : "", p->nan_rows, rows, p->first_nan.query, p->first_nan.layer,
            p->first_nan.head);
    else if (broken > 0 && !problem->nonfinite)
        warnings_add(warnings, "%zu of %zu rows are NaN: their scores are too large for float32%s", broken,
                     rows, relative ? ", or all -infinity" : "");
    precision_warn(result, rows, warnings);
}

/* Room for the heaviest keys of every row. */
static bool result_top_make(struct result *result, struct error *error)
{
    const struct problem *problem = result->problem;
    result->top_count = problem->m < TOP_KEYS ? problem->m : TOP_KEYS;
    size_t count;
    if (!size_multiply(problem->layer_count * problem->heads, problem->n, &count) ||
        !size_multiply(count, result->top_count, &count))
        return error_memory(error, SIZE_MAX);
    result->top = memory_alloc(count, sizeof *result->top, error);
    return result->top != NULL;
}

/* Whether a layer takes the output of the one below, of all queries. */
static bool problem_is_stack(const struct problem *problem)
{
    bool is_stack = false;
    for (size_t l = 0; l < problem->layer_count; l++) {
        const struct problem_layer *layer = &problem->layers[l];
        is_stack = is_stack || layer->q.previous || layer->k.previous || layer->v.previous;
    }
    return is_stack;
}

size_t result_head_count(const struct result *result, size_t layer)
{
    size_t count = 0;
    for (size_t h = 0; h < result->problem->heads; h++)
        count += result_heads(result, layer)[h];
    return count;
}

bool result_has_layer(const struct problem *problem, const struct request *request, size_t layer)
{
    return selection_has_layer(request->selection, layer) || problem_is_stack(problem) ||
           problem->layers[layer].extra[INPUT_UNEMBED];
}

/* Whether the output of a layer is made of all its heads, or all of it is wanted. */
static bool needs_all_heads(const struct problem *problem, const struct selection *selection)
{
    bool needs = problem_is_stack(problem) || selection->average_heads;
    for (size_t l = 0; l < problem->layer_count; l++) {
        const struct problem_layer *layer = &problem->layers[l];
        needs = needs || layer->w_o || layer->b_o || layer->settings.norm == NORM_POST ||
                layer->extra[INPUT_UNEMBED];
    }
    return needs && problem->d_out > 0;
}

bool result_has_head(const struct problem *problem, const struct request *request, size_t layer, size_t head)
{
    return result_has_layer(problem, request, layer) &&
           (selection_has(request->selection, layer, head) || needs_all_heads(problem, request->selection) ||
            (request->watch.ends && problem->d_v > 0));
}

bool result_is_chosen(const struct problem *problem, const struct request *request)
{
    const struct selection *s = request->selection;
    return request_kept(request, problem) == KEPT_RANGE && s->query_end - s->query_first < problem->n &&
           problem->layer_count == problem->layers_in_all && !problem_is_stack(problem) &&
           !problem->layers[problem->layer_count - 1].extra[INPUT_UNEMBED];
}

/* Plans which weights are kept, and takes the memory for everything. */
static bool result_make(struct result *result, const struct request *request, struct error *error)
{
    const struct problem *problem = result->problem;
    /* A mean and given weights are measured by their masks. */
    bool masks =
        !request->without_weights &&
        ((!request->without_masks && !request->measures_only) || request->stages & 1u << STAGE_MASK ||
         selection_is_mean(request->selection) || request->whole_for || problem->layers[0].attention);
    size_t heads;
    if (!size_multiply(problem->layer_count, problem->heads, &heads))
        return error_memory(error, SIZE_MAX);
    result->measures = memory_zeroed(heads, sizeof *result->measures, error);
    result->layers = memory_zeroed(problem->layer_count, sizeof *result->layers, error);
    result->heads = memory_zeroed(heads, sizeof *result->heads, error);
    for (size_t i = 0; result->heads && i < heads; i++)
        result->heads[i] = result_has_head(problem, request, i / problem->heads, i % problem->heads);
    for (size_t l = 0; result->layers && l < problem->layer_count; l++)
        result->layers[l] = result_has_layer(problem, request, l);
    if (!result->measures || !result->layers || !result->heads ||
        !request_plan(request, problem, &result->kept, &result->cells, error))
        return false;
    result->only_chosen = result_is_chosen(problem, request);
    if (problem->layers[0].attention) {
        result->given = memory_zeroed(problem->layer_count, sizeof *result->given, error);
        if (!result->given || !stage_data_lend(&result->stage[STAGE_WEIGHTS], problem, error))
            return false;
    }
    return (result->kept != KEPT_POOLED || !request->top_keys || result_top_make(result, error)) &&
           masks_make(&result->masks, problem, &result->cells, masks, error) &&
           stage_data_make(result->stage, problem, request, &result->cells, error);
}

bool result_compute(struct result *result, const struct problem *problem, const struct request *request,
                    struct warnings *warnings, struct error *error)
{
    *result = (struct result){.problem = problem, .engine = "none", .pool_mean = request->pool_mean};
    if (!result_make(result, request, error))
        return false;
    for (size_t l = 0; l < problem->layer_count; l++) {
        if (!result->layers[l])
            continue;
        const float *outputs = result->stage[STAGE_OUTPUT].data;
        const float *previous = l > 0 && outputs ? outputs + (l - 1) * problem->n * problem->d_out : NULL;
        struct layer layer;
        bool ok = layer_make(&layer, problem, l, previous, &request->engine, error) &&
                  layer_compute(result, &layer, request, error);
        layer_free(&layer);
        if (!ok)
            return false;
    }
    if (!next_tokens_find(&result->next, problem, result->stage[STAGE_OUTPUT].data, error))
        return false;
    if (result->kept == KEPT_POOLED && !request->measures_only)
        warnings_add(
            warnings,
            "%s weights are more than the %zu of --max-weights: cells of %zu×%zu are held, the %s of "
            "each",
            request_size(request, problem).text, request->max_weights, result->cells.query_step,
            result->cells.key_step, result->pool_mean ? "mean" : "largest");
    result_warn(result, request, warnings);
    return true;
}

void result_free(struct result *result)
{
    stage_data_free(result->stage);
    masks_free(&result->masks);
    free(result->measures);
    free(result->layers);
    free(result->heads);
    free(result->top);
    free(result->given);
    *result = (struct result){0};
}
