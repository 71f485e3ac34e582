#include "compute/layer_jobs.h"

#include <stdlib.h>
#include <string.h>

#include "attention/head.h"
#include "base/memory.h"

struct row_taker {
    float *kept;                   /* where they are kept, whole or from key_first on; NULL: nowhere */
    size_t columns, key_first;     /* of what is kept */
    const struct row_watch *watch; /* NULL: nobody watches */
    size_t layer, head;
};

static void taker_rows(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    const struct row_taker *taker = context;
    if (taker->kept)
        memory_populate(taker->kept + first * taker->columns, count * taker->columns * sizeof *weights);
    for (size_t r = 0; taker->kept && r < count; r++)
        memcpy(taker->kept + (first + r) * taker->columns, weights + r * stride + taker->key_first,
               taker->columns * sizeof *weights);
    const struct row_batch batch = {.first = first, .count = count, .weights = weights, .stride = stride};
    if (taker->watch)
        taker->watch->rows(taker->watch->context, taker->layer, taker->head, &batch);
}

/* The rows of a job are kept as they come, if those of its head are. */
static void job_keep(struct row_taker *taker, const struct result *result, const struct layer *layer,
                     size_t h)
{
    const struct stage_data *weights = &result->stage[STAGE_WEIGHTS];
    if (!stage_data_has(weights, layer->index, h))
        return;
    taker->kept = stage_data_matrix(weights, layer->index, h);
    taker->columns = result->cells.columns;
    taker->key_first = result->cells.key_first;
}

static void job_watch(struct row_taker *taker, const struct row_watch *watch, const struct layer *layer,
                      size_t h)
{
    if (!watch->rows)
        return;
    taker->watch = watch;
    taker->layer = layer->index;
    taker->head = h;
}

/* What takes the rows of a job, if anything does. */
static void job_receive(struct engine_job *job, struct row_taker *taker)
{
    if (taker->kept || taker->watch)
        job->receiver = (struct row_receiver){.receive = taker_rows, .context = taker};
}

/* Makes the job of a head one of the chosen queries, with their rows of its results. */
static void job_cut(struct engine_job *job, struct head *part, const struct pair_cells *cells)
{
    *part = head_part(job->head, cells->query_first, cells->query_count);
    job->head = part;
    job->output += job->output ? cells->query_first * job->output_row : 0;
    job->measures += cells->query_first;
}

/* Pools the rows of a job, if those of its head are kept. */
static void job_pool(struct engine_job *job, const struct result *result, const struct layer *layer, size_t h)
{
    const struct problem *problem = result->problem;
    const struct stage_data *weights = &result->stage[STAGE_WEIGHTS];
    if (!stage_data_has(weights, layer->index, h))
        return;
    job->pool = (struct pooling){.cells = stage_data_matrix(weights, layer->index, h),
                                 .rows = result->cells.query_step,
                                 .keys = result->cells.key_step,
                                 .mean = result->pool_mean};
    if (result->top)
        job->top = result->top + (layer->index * problem->heads + h) * problem->n * result->top_count;
    job->top_count = result->top_count;
}

/* Adds the job of a head. */
static void layer_jobs_add(struct layer_jobs *work, const struct result *result, const struct layer *layer,
                           const struct row_watch *watch, float *output, size_t h)
{
    const struct problem *problem = result->problem;
    const size_t at = work->count++;
    struct engine_job *job = &work->jobs[at];
    *job = (struct engine_job){.head = &layer->heads[h],
                               .output = layer_head_output(layer, output, h),
                               .output_row = problem->heads * problem->d_v};
    if (result->kept == KEPT_NOTHING)
        return;
    job->measures = layer->rows + h * problem->n;
    job->wants_scores = watch->wants_scores;
    if (result->only_chosen)
        job_cut(job, &work->parts[at], &result->cells);
    else
        job_watch(&work->takers[at], watch, layer, h);
    if (result->kept == KEPT_ALL || result->only_chosen)
        job_keep(&work->takers[at], result, layer, h);
    if (result->kept == KEPT_POOLED)
        job_pool(job, result, layer, h);
    job_receive(job, &work->takers[at]);
}

/* Adds a job of the chosen queries of a head, beside that of all. */
static void layer_jobs_add_part(struct layer_jobs *work, const struct result *result,
                                const struct layer *layer, size_t h)
{
    const struct pair_cells *cells = &result->cells;
    const size_t at = work->count;
    if (!stage_data_has(&result->stage[STAGE_WEIGHTS], layer->index, h))
        return;
    work->count++;
    work->parts[at] = head_part(&layer->heads[h], cells->query_first, cells->query_count);
    work->jobs[at].head = &work->parts[at];
    job_keep(&work->takers[at], result, layer, h);
    job_receive(&work->jobs[at], &work->takers[at]);
}

bool layer_jobs_make(struct layer_jobs *work, const struct result *result, const struct layer *layer,
                     const struct row_watch *watch, float *output, struct error *error)
{
    const size_t heads = result->problem->heads, most = 2 * result_head_count(result, layer->index);
    const bool *are_computed = result_heads(result, layer->index);
    work->jobs = memory_zeroed(most, sizeof *work->jobs, error);
    work->takers = memory_zeroed(most, sizeof *work->takers, error);
    work->parts = memory_zeroed(most, sizeof *work->parts, error);
    if (!work->jobs || !work->takers || !work->parts)
        return false;
    for (size_t h = 0; h < heads; h++)
        if (are_computed[h])
            layer_jobs_add(work, result, layer, watch, output, h);
    for (size_t h = 0; h < heads && result->kept == KEPT_RANGE && !result->only_chosen; h++)
        if (are_computed[h])
            layer_jobs_add_part(work, result, layer, h);
    return true;
}

void layer_jobs_free(struct layer_jobs *work)
{
    free(work->jobs);
    free(work->takers);
    free(work->parts);
}
