/*
 * The fast runner: makes a plan for each job, deals out units of rows to threads and gives them memory. The
 * arithmetic is in engine/kernel_tmpl.h.
 */
#include "engine/fast.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/mask.h"
#include "base/memory.h"
#include "base/workers.h"
#include "engine/block.h"
#include "engine/kernel.h"
#include "engine/report.h"
#include "engine/runner.h"
#include "engine/threads.h"
#include "engine/units.h"
#include "engine/workspace.h"

/* Rows dealt out at once, if a row of the pool is not taller. */
#define FAST_UNIT_ROWS ((size_t)256)

/* The sink is a number like a score: an infinity or NaN, and one so large that it could not be scaled, is for the plain
 * runner. */
static bool sink_fits(const struct head *head)
{
    const double most = 1e30;
    return !head->has_sink || (head->sink >= -most && head->sink <= most) || head->sink == -INFINITY;
}

/* Whether all scores of a row are needed at once. */
static bool form_holds_scores(const struct head *head)
{
    return head->top_k > 0 || head->normalizer == NORMALIZER_SPARSEMAX ||
           head->normalizer == NORMALIZER_ENTMAX15;
}

/* Scores that are held are 64 rows of floats: for so many keys a thread holds 1 GiB. */
static const size_t held_most = (size_t)1 << 22;

/* Whether a job keeps the scores of a block. A receiver takes weights when their sums are known: up to so many keys the
 * scores that they are made from lie in the second cache, and are not computed again. */
static bool job_holds_scores(const struct engine_job *job)
{
    const size_t most = 2048;
    return form_holds_scores(job->head) || (job->receiver.receive && job->head->m <= most);
}

/* Whether the blocks of a thread are in proportion to the jobs. A block has room for BLOCK rows however few there are:
 * where d_k or d_v is in the hundred thousands and rows are few, that is many times the numbers that come and go. The
 * plain runner then takes less memory and no more time, because most lanes would be idle. */
static bool blocks_are_worth_it(const struct engine_job *jobs, size_t count)
{
    const double least = 64 << 20; /* below this many bytes it does not matter */
    double block = 0, numbers = 0;
    for (size_t j = 0; j < count; j++) {
        const double n = (double)head_whole_n(jobs[j].head), m = (double)jobs[j].head->m;
        const double d = (double)jobs[j].head->d_k + (double)jobs[j].head->d_v;
        block = fmax(block, (double)BLOCK * d);
        numbers += (n + m) * d; /* q, k, v and the output */
    }
    return block * sizeof(float) <= least || block <= numbers;
}

/* The first thing of a head that this runner does not have; NULL: it has all. */
static const char *form_lacks(const struct head *head)
{
    return !sink_fits(head)                                 ? "a sink that float32 cannot carry"
           : head->has_fill                                 ? "mask_fill"
           : head->minus                                    ? "differential attention"
           : head->center                                   ? "a Gaussian factor"
           : head->recurrent.rule != RECURRENCE_NONE        ? "the weights of a recurrence"
           : head->has_positions                            ? "a bias by positions that were given"
           : form_holds_scores(head) && head->m > held_most ? "a normalizer that holds more scores than fit"
                                                            : NULL;
}

const char *fast_lacks(const struct engine_job *jobs, size_t count, const struct engine_options *options)
{
    const char *lacks = options->plain                      ? "the choice of engine"
                        : !blocks_are_worth_it(jobs, count) ? "few rows of very many columns"
                                                            : NULL;
    for (size_t j = 0; j < count && !lacks; j++)
        lacks = form_lacks(jobs[j].head);
    return lacks;
}

static bool fast_fits(const struct engine_job *jobs, size_t count, const struct engine_options *options)
{
    return !fast_lacks(jobs, count, options);
}

/* How scores are compared, and the exponentials of k where q is small enough for them: a product e^2q·e^2k that is too
 * large or too small to be a float is then one whose tanh is 1 or -1. It must not depend on k, which may be masked. */
static bool plan_scores(struct plan *plan, const struct kernel *kernel, struct error *error)
{
    const struct head *head = plan->job->head;
    const float most = 21; /* e^42 is 2e18 */
    uint32_t bits;
    plan->compared = head->by_distance ? COMPARED_DISTANCE
                     : head->additive  ? COMPARED_TANH
                                       : COMPARED_PRODUCT;
    if (plan->compared != COMPARED_TANH)
        return true;
    memcpy(&bits, &most, sizeof bits);
    size_t count;
    const bool is_large =
        head->largest_q > 0 ? head->largest_q > most : kernel->largest(&head->q, head->n, head->d_k) > bits;
    if (is_large || !size_multiply(head->m, head->d_k, &count))
        return true;
    plan->exp_k = memory_alloc(count, sizeof *plan->exp_k, error);
    if (!plan->exp_k)
        return false;
    plan->compared = COMPARED_EXP;
    for (size_t c = 0; c < head->d_k; c++)
        plan->additive_sum += (double)head->additive[c];
    for (size_t j = 0; j < head->m; j++)
        for (size_t c = 0; c < head->d_k; c++)
            plan->exp_k[j * head->d_k + c] = (float)exp(2 * (double)head->k.data[j * head->k.row + c]);
    return true;
}

/* Decides, from the largest number of v, whether v must be copied. */
static void plan_values(struct plan *plan, const struct kernel *kernel)
{
    const struct head *head = plan->job->head;
    plan->v_scale = 1;
    if (!plan->job->output || plan->trusts_v)
        return;
    uint32_t bits = kernel->largest(&head->v, head->m, head->d_v);
    float largest = 0;
    memcpy(&largest, &bits, sizeof bits);
    plan->copies_v = !isfinite(largest);
    for (size_t j = 0; j < head->m && plan->copies_v; j++)
        for (size_t c = 0; c < head->d_v; c++) {
            float v = fabsf(head->v.data[j * head->v.row + c]);
            if (isfinite(v) && (v > largest || !isfinite(largest)))
                largest = v;
        }
    /* Sums of e·v with e <= 1 stay finite up to here. */
    if (isfinite(largest) && (double)largest * (double)head->m > (double)FLT_MAX / 4) {
        plan->copies_v = true;
        plan->v_scale = 0x1p-64f;
    }
}

/* Rows dealt out at once: whole rows of the pool, such that the blocks are as full as can be. */
static size_t plan_unit_rows(size_t pool_rows, size_t block_rows)
{
    if (pool_rows == 0)
        return block_rows;
    size_t best = pool_rows;
    double best_fill = 0;
    for (size_t rows = pool_rows; rows <= FAST_UNIT_ROWS || rows == pool_rows; rows += pool_rows) {
        double fill = (double)rows / (double)(size_divide_up(rows, block_rows) * block_rows);
        if (fill > best_fill) {
            best = rows;
            best_fill = fill;
        }
        if (rows > FAST_UNIT_ROWS)
            break;
    }
    return best;
}

static bool plan_make(struct plan *plan, const struct engine_job *job, size_t block_rows,
                      const struct kernel *kernel, struct error *error)
{
    const struct head *head = job->head;
    const bool pooled = job->pool.cells != NULL;
    const double factor = head->scale * M_LOG2E;
    *plan = (struct plan){.job = job, .block_rows = block_rows};
    plan->has_holes = mask_has_pattern(head) || head->rules.mask.data;
    plan->scale_in_exp =
        !(head->softcap > 0) && !head->bias.data && !head->distance && factor >= 1e-4 && factor <= 1e4;
    plan->scale_after = plan->scale_in_exp ? head->scale : 1;
    plan->factor = plan->scale_in_exp && head->normalizer == NORMALIZER_SOFTMAX ? factor : M_LOG2E;
    plan->holds_scores = job_holds_scores(job);
    plan->drops = head->dropout > 0;
    plan->drop_below = (uint64_t)ceil(head->dropout * 0x1p53);
    plan->has_sink = head->has_sink && head->sink > -INFINITY;
    plan->sink = !plan->has_sink ? -FLT_MAX : (float)(head->sink / (plan->scale_in_exp ? head->scale : 1));
    plan->cell_keys = pooled ? job->pool.keys : head->m > 0 ? head->m : 1;
    plan->chunks = (struct chunks){CHUNK, CHUNK};
    if (pooled && plan->cell_keys <= CHUNK)
        plan->chunks.cell = plan->chunks.length = CHUNK / plan->cell_keys * plan->cell_keys;
    else if (pooled) {
        plan->chunks.cell = plan->cell_keys;
        plan->chunks.length = size_divide_up(plan->cell_keys, size_divide_up(plan->cell_keys, CHUNK));
    }
    plan->unit_rows = plan_unit_rows(pooled ? job->pool.rows : 0, block_rows);
    plan->unit_count = size_divide_up(head->n, plan->unit_rows);
    if (!plan_scores(plan, kernel, error))
        return false;
    plan->is_thin = head_whole_n(head) <= THIN_ROWS && plan->compared == COMPARED_PRODUCT;
    plan->trusts_v = plan->is_thin && !job->receiver.receive;
    plan_values(plan, kernel);
    return true;
}

static void raise_to(size_t *size, size_t value)
{
    if (value > *size)
        *size = value;
}

/* Raises the sizes to those that a job needs, all but the row buffer. */
static void sizes_raise(struct workspace_sizes *sizes, const struct engine_job *job)
{
    const struct head *head = job->head;
    raise_to(&sizes->queries, head->d_k);
    raise_to(&sizes->sums, head->d_v < SIZE_MAX / 64 ? head->d_v + SUM_COUNT : head->d_v);
    raise_to(&sizes->cells, 1);
    if (job->pool.cells) {
        raise_to(&sizes->cells, size_divide_up(head->m, job->pool.keys) + 16);
        raise_to(&sizes->chunk_max, head->m / (CHUNK / 2) + size_divide_up(head->m, job->pool.keys) + 2);
    }
    if (job_holds_scores(job))
        raise_to(&sizes->held, head->m);
    if (head->dropout > 0)
        raise_to(&sizes->left, 1);
    if (job->output)
        raise_to(&sizes->v_copy, head->d_v);
    if (job->top)
        raise_to(&sizes->top, job->top_count);
}

/* How many of the threads have room for their arrays within the limit; one in any case. */
static int threads_within(int threads, const struct workspace_sizes *sizes, size_t limit)
{
    size_t each;
    if (limit == 0 || !workspace_bytes(sizes, &each) || (size_t)threads <= limit / each)
        return threads;
    return limit / each > 0 ? (int)(limit / each) : 1;
}

/* Rows of a block such that the row buffers of all threads, of m floats a row, fit the limit beside the other
 * arrays; at least 1. */
static size_t buffered_rows(const struct workspace_sizes *sizes, size_t m, int threads, size_t limit)
{
    size_t others, row = m < SIZE_MAX / 8 ? m * sizeof(float) + 64 : SIZE_MAX;
    if (limit == 0 || !workspace_bytes(sizes, &others))
        return BLOCK;
    size_t each = limit / (size_t)threads;
    size_t rows = each > others ? (each - others) / row : 0;
    return rows > BLOCK ? BLOCK : rows > 0 ? rows : 1;
}

/* Turns the sums in the cells of some rows into means. A cell at an edge may be smaller than the others. */
static void pool_divide(const struct plan *plan, size_t first, size_t count)
{
    const struct pooling *pool = &plan->job->pool;
    const size_t m = plan->job->head->m, width = size_divide_up(m, pool->keys);
    for (size_t r = first; r < first + count; r += pool->rows) {
        size_t rows = first + count - r < pool->rows ? first + count - r : pool->rows;
        for (size_t c = 0; c < width; c++) {
            size_t keys = m - c * pool->keys < pool->keys ? m - c * pool->keys : pool->keys;
            pool->cells[r / pool->rows * width + c] /= (float)((double)rows * (double)keys);
        }
    }
}

/* Whether all output of some rows is finite. */
static bool output_is_finite(const struct engine_job *job, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        for (size_t c = 0; c < job->head->d_v; c++)
            if (!isfinite(job->output[i * job->output_row + c]))
                return false;
    return true;
}

/* Rows of at most a block. */
static void fast_rows_run(const struct plan *plan, size_t first, size_t count, size_t next,
                          const struct workspace *space, const struct kernel *kernel)
{
    kernel->attend(plan, space, first, count, next);
    if (!plan->trusts_v || !plan->job->output || output_is_finite(plan->job, first, count))
        return;
    struct plan again = *plan;
    again.trusts_v = false;
    plan_values(&again, kernel);
    kernel->attend(&again, space, first, count, next);
}

/* Runs unit `index` of a job, block by block. The thread is likely to run unit `next` then, if there is one. */
static void fast_unit_run(const struct plan *plan, size_t index, size_t next, const struct workspace *space,
                          const struct kernel *kernel, struct report *report)
{
    const struct pooling *pool = &plan->job->pool;
    const struct head *head = plan->job->head;
    const size_t first = index * plan->unit_rows, block = plan->block_rows;
    const size_t count = head->n - first < plan->unit_rows ? head->n - first : plan->unit_rows;

    for (size_t i = 0; i < count; i += block) {
        const size_t rows = count - i < block ? count - i : block;
        const size_t next_row = i + block < count         ? first + i + block
                                : next < plan->unit_count ? next * plan->unit_rows
                                                          : SIZE_MAX;
        fast_rows_run(plan, first + i, rows, next_row, space, kernel);
        report_rows(report, head, first + i, rows);
    }
    if (pool->cells && pool->mean)
        pool_divide(plan, first, count);
}

/* All that runs together. */
struct fast_work {
    const struct kernel *kernel;
    const struct engine_job *jobs;
    struct plan *plans;
    size_t buffered;           /* rows of a block of jobs with a receiver */
    const struct units *units; /* those of the plans */
    struct workspaces spaces;
    size_t threads;
    struct report *report;
};

/* The rows that attend to the most keys must not come alone at the end: in causal heads these are the last, which are taken
 * first, and otherwise global ones, which are mostly the first. */
static void fast_unit_work(void *context, int worker, size_t unit)
{
    const struct fast_work *work = context;
    const struct workspace space = workspaces_get(&work->spaces, worker);
    size_t index;
    const size_t from_end = units_count(work->units) - 1 - unit;
    const struct plan *plan = &work->plans[units_job(work->units, from_end, &index)];
    const struct rules *rules = &plan->job->head->rules;
    size_t next = index - work->threads; /* none if that wraps */
    if (rules->key_global && !rules->causal) {
        index = plan->unit_count - 1 - index;
        next = index + work->threads;
    }
    fast_unit_run(plan, index, next, &space, work->kernel, work->report);
}

static bool plans_run(const struct fast_work *work, const struct workspace_sizes *sizes, int threads,
                      struct error *error)
{
    struct fast_work own = *work;
    own.threads = (size_t)threads;
    if (!workspaces_alloc(&own.spaces, sizes, threads, error))
        return false;
    workers_run_on(threads, units_count(own.units), fast_unit_work, &own);
    workspaces_free(&own.spaces);
    return true;
}

/* Whether rows are held for the receiver of a job. */
static bool buffers_rows(const struct engine_job *job)
{
    return job->receiver.receive && !job->receiver.receive_keys;
}

/* Makes the plan of a job. */
static bool plan_work(void *context, int worker, size_t j, struct error *error)
{
    const struct fast_work *work = context;
    (void)worker;
    return plan_make(&work->plans[j], &work->jobs[j], buffers_rows(&work->jobs[j]) ? work->buffered : BLOCK,
                     work->kernel, error);
}

static bool fast_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                     const struct runner *const *next, struct error *error)
{
    (void)next;
    struct workspace_sizes sizes = {0};
    struct units units = {0};
    size_t rows = 0, longest = 0,
           single = 0; /* longest: row that a receiver gets; single: where it gets one alone */
    double work = 0;
    for (size_t j = 0; j < count; j++) {
        const struct head *head = jobs[j].head;
        sizes_raise(&sizes, &jobs[j]);
        if (jobs[j].receiver.receive)
            raise_to(buffers_rows(&jobs[j]) ? &longest : &single, head->m);
        rows += head->n;
        work += (double)head->n * (double)head->m * ((double)head->d_k + (double)head->d_v);
    }
    struct plan *plans = memory_zeroed(count, sizeof *plans, error);
    struct fast_work all = {.kernel = kernel_chosen(), .jobs = jobs, .plans = plans, .units = &units};
    bool ok = plans && units_make(&units, count, error);

    const int most = threads_within(engine_threads(options->threads), &sizes, options->memory_limit);
    int threads = engine_threads_for(most, work, rows);
    const size_t buffered =
        longest > 0 ? buffered_rows(&sizes, longest, threads, options->memory_limit) : BLOCK;
    all.buffered = buffered;
    ok = ok && workers_try(threads, count, plan_work, &all, error);
    for (size_t j = 0; j < count && ok; j++)
        units_add(&units, plans[j].unit_count);
    if (ok && longest > 0 && !size_multiply(longest, buffered, &sizes.row_buffer))
        ok = error_memory(error, SIZE_MAX);
    raise_to(&sizes.row_buffer, single);
    if (count > 0 && ok) {
        threads = engine_threads_for(most, work, units_count(&units));
        struct report report;
        report_begin(&report, options, jobs, count);
        all.report = &report;
        ok = plans_run(&all, &sizes, threads, error);
    }
    units_free(&units);
    for (size_t j = 0; j < count && plans; j++)
        free(plans[j].exp_k);
    free(plans);
    return ok;
}

const struct runner runner_fast = {.name = kernel_name, .fits = fast_fits, .run = fast_run};
