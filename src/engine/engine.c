/*
 * Checks jobs, deals out blocks of rows to threads and gives them memory. The arithmetic is in
 * engine/kernel_tmpl.h.
 */
#include "engine/engine.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "attention/mask.h"
#include "base/memory.h"
#include "engine/block.h"
#include "engine/dilated.h"

/* Less work than this, in multiplications, is not worth waking threads for. */
#define WORK_FOR_THREADS 4e6

/* Rows dealt out at once, where a row of the pool is not taller. */
#define UNIT_ROWS ((size_t)256)

/* Columns of a projection dealt out at once. */
#define PROJECT_COLUMNS ((size_t)192)

static const struct engine_kernel *const kernels[] = {
#ifdef __x86_64__
    &engine_avx512,
    &engine_avx2,
#endif
    &engine_portable,
};
#define KERNEL_COUNT (sizeof kernels / sizeof kernels[0])

static const struct engine_kernel *selected; /* NULL: the best */

static const struct engine_kernel *kernel_get(void)
{
    size_t best = 0;
    while (!kernels[best]->runs_here())
        best++;
    return selected ? selected : kernels[best];
}

bool engine_select(const char *name)
{
    if (strcmp(name, "best") == 0) {
        selected = NULL;
        return true;
    }
    for (size_t i = 0; i < KERNEL_COUNT; i++)
        if (strcmp(name, kernels[i]->name) == 0 && kernels[i]->runs_here()) {
            selected = kernels[i];
            return true;
        }
    return false;
}

int engine_threads(int threads)
{
#ifdef _OPENMP
    return threads > 0 ? threads : omp_get_num_procs();
#else
    (void)threads;
    return 1;
#endif
}

const char *engine_name(void)
{
    return kernel_get()->name;
}

const char *engine_choice(size_t index)
{
    return index < KERNEL_COUNT ? kernels[index]->name : NULL;
}

static int thread_count(int wanted, double work, size_t units)
{
    int threads = 1;
#ifdef _OPENMP
    threads = wanted > 0 ? wanted : omp_get_num_procs();
#else
    (void)wanted;
#endif
    if (work < WORK_FOR_THREADS)
        return 1;
    return (size_t)threads < units ? threads : (int)(units > 0 ? units : 1);
}

/* The bytes of the parts of a workspace, summed up; `fits` turns false where they cannot be. */
struct room {
    size_t bytes;
    bool fits;
};

static void room_add(struct room *room, size_t count, size_t each, size_t size)
{
    size_t bytes;
    room->fits = room->fits && size_multiply(count, each, &bytes) && size_multiply(bytes, size, &bytes) &&
                 bytes < SIZE_MAX / 4 &&
                 !__builtin_add_overflow(room->bytes, (bytes + 63) / 64 * 64, &room->bytes);
}

/* The next part of the memory at *place. */
static void *part_take(char **place, size_t count, size_t size)
{
    char *part = *place;
    *place += (count * size + 63) / 64 * 64;
    return part;
}

/* The most that any job needs of each part; `strip` in floats. */
struct needs {
    size_t queries, sums, cells, history, clean, strip, top;
};

static void needs_raise(size_t *need, size_t value)
{
    if (value > *need)
        *need = value;
}

/* Bytes for one thread. */
static struct room needs_room(const struct needs *needs)
{
    struct room room = {0, true};
    room_add(&room, needs->queries, BLOCK, sizeof(float));
    room_add(&room, 3 * CHUNK, BLOCK, sizeof(float));
    room_add(&room, needs->sums, BLOCK, sizeof(float));
    room_add(&room, needs->sums, BLOCK, sizeof(double));
    room_add(&room, needs->cells, BLOCK, sizeof(float));
    room_add(&room, needs->history, BLOCK, sizeof(float));
    room_add(&room, needs->clean, CHUNK, sizeof(float));
    room_add(&room, needs->strip, 1, sizeof(float));
    room_add(&room, needs->top, BLOCK, sizeof(struct row_key));
    return room;
}

static struct workspace workspace_make(const struct needs *needs, char *place)
{
    struct workspace space;
    space.queries = part_take(&place, needs->queries * BLOCK, sizeof(float));
    space.scores = part_take(&place, 3 * CHUNK * BLOCK, sizeof(float));
    space.grid = space.scores + CHUNK * BLOCK;
    space.sums = part_take(&place, needs->sums * BLOCK, sizeof(float));
    space.wide = part_take(&place, needs->sums * BLOCK, sizeof(double));
    space.cells = part_take(&place, needs->cells * BLOCK, sizeof(float));
    space.history = part_take(&place, needs->history * BLOCK, sizeof(float));
    space.clean = part_take(&place, needs->clean * CHUNK, sizeof(float));
    space.strip = part_take(&place, needs->strip, sizeof(float));
    space.top = part_take(&place, needs->top * BLOCK, sizeof(struct row_key));
    return space;
}

/* Takes one piece of memory for all threads: *memory to be freed, *place its first aligned byte, *each bytes
 * a thread. */
static bool workspaces_take(const struct needs *needs, int threads, char **memory, char **place, size_t *each,
                            struct error *error)
{
    struct room room = needs_room(needs);
    size_t bytes;
    if (!room.fits || !size_multiply(room.bytes, (size_t)threads, &bytes) || bytes > SIZE_MAX / 4)
        return error_set(error, ERROR_SYSTEM, "not enough memory: the sizes are too large to count");
    *memory = memory_alloc(bytes + 64, 1, error);
    if (!*memory)
        return false;
    *place = *memory + (64 - (uintptr_t)*memory % 64);
    *each = room.bytes;
    return true;
}

/* Looks at all of v for what the fast way cannot take. */
static void plan_values(struct plan *plan, const struct engine_kernel *kernel)
{
    const struct head *head = plan->job->head;
    plan->value_scale = 1;
    if (!plan->job->output)
        return;
    uint32_t bits = kernel->largest(&head->v, head->m, head->d_v);
    float largest = 0;
    memcpy(&largest, &bits, sizeof bits);
    plan->dirty = !isfinite(largest);
    for (size_t j = 0; j < head->m && plan->dirty; j++)
        for (size_t c = 0; c < head->d_v; c++) {
            float v = fabsf(head->v.data[j * head->v.row + c]);
            if (isfinite(v) && (v > largest || !isfinite(largest)))
                largest = v;
        }
    /* Sums of e·v with e <= 1 stay finite up to here. */
    if (isfinite(largest) && (double)largest * (double)head->m > (double)FLT_MAX / 4) {
        plan->dirty = true;
        plan->value_scale = 0x1p-64f;
    }
}

/* Rows that a thread takes at once: whole rows of the pool, and blocks as full as can be. */
static size_t unit_rows(size_t pool_rows, size_t block)
{
    if (pool_rows == 0)
        return block;
    size_t best = pool_rows;
    double best_fill = 0;
    for (size_t rows = pool_rows; rows <= UNIT_ROWS || rows == pool_rows; rows += pool_rows) {
        double fill = (double)rows / (double)(size_divide_up(rows, block) * block);
        if (fill > best_fill) {
            best = rows;
            best_fill = fill;
        }
        if (rows > UNIT_ROWS)
            break;
    }
    return best;
}

static void plan_make(struct plan *plan, const struct engine_job *job, size_t block,
                      const struct engine_kernel *kernel)
{
    const struct head *head = job->head;
    const bool pooled = job->pool.cells != NULL;
    const double factor = head->scale * M_LOG2E;
    *plan = (struct plan){.job = job, .block = block};
    plan->gappy = mask_has_pattern(head) || head->rules.mask.data;
    plan->folded =
        !(head->softcap > 0) && !head->bias.data && !head->distance && factor >= 1e-4 && factor <= 1e4;
    plan->factor = plan->folded ? factor : M_LOG2E;
    plan->cell_keys = pooled ? job->pool.keys : head->m > 0 ? head->m : 1;
    plan->chunks = (struct chunks){CHUNK, CHUNK};
    if (pooled && plan->cell_keys <= CHUNK)
        plan->chunks.cell = plan->chunks.length = CHUNK / plan->cell_keys * plan->cell_keys;
    else if (pooled) {
        plan->chunks.cell = plan->cell_keys;
        plan->chunks.length = size_divide_up(plan->cell_keys, size_divide_up(plan->cell_keys, CHUNK));
    }
    plan->unit = unit_rows(pooled ? job->pool.rows : 0, block);
    plan->units = size_divide_up(head->n, plan->unit);
    plan_values(plan, kernel);
}

/* What all jobs need, but for the strip. */
static void needs_of(struct needs *needs, const struct engine_job *job)
{
    const struct head *head = job->head;
    needs_raise(&needs->queries, head->d_k);
    needs_raise(&needs->sums, head->d_v < SIZE_MAX / 64 ? head->d_v + SUM_COUNT : head->d_v);
    needs_raise(&needs->cells, 1);
    if (job->pool.cells) {
        needs_raise(&needs->cells, size_divide_up(head->m, job->pool.keys) + 16);
        needs_raise(&needs->history, head->m / (CHUNK / 2) + size_divide_up(head->m, job->pool.keys) + 2);
    }
    if (job->output)
        needs_raise(&needs->clean, head->d_v);
    if (job->top)
        needs_raise(&needs->top, job->top_count);
}

/* Rows of a block such that the strips of all threads fit the limit beside the rest; at least 1. */
static size_t block_rows(const struct needs *needs, size_t m, int threads, size_t limit)
{
    struct room room = needs_room(needs);
    size_t row = m < SIZE_MAX / 8 ? m * sizeof(float) + 64 : SIZE_MAX;
    if (limit == 0 || !room.fits)
        return BLOCK;
    size_t each = limit / (size_t)threads;
    size_t rows = each > room.bytes ? (each - room.bytes) / row : 0;
    return rows > BLOCK ? BLOCK : rows > 0 ? rows : 1;
}

/* Mean cells were sums until now; a cell at an edge may be smaller. */
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

/* Unit `index` of a job, block by block. */
static void unit_run(const struct plan *plan, size_t index, const struct workspace *space,
                     const struct engine_kernel *kernel)
{
    const struct pooling *pool = &plan->job->pool;
    const struct head *head = plan->job->head;
    const size_t first = index * plan->unit;
    const size_t count = head->n - first < plan->unit ? head->n - first : plan->unit;

    for (size_t i = 0; i < count; i += plan->block)
        kernel->attend(plan, space, first + i, count - i < plan->block ? count - i : plan->block);
    if (pool->cells && pool->mean)
        pool_divide(plan, first, count);
}

static bool run_plans(const struct plan *plans, size_t count, const struct needs *needs, int threads,
                      const struct engine_kernel *kernel, const struct engine_options *options,
                      struct error *error)
{
    char *memory, *place;
    size_t each, units = 0, rows = 0, rows_done = 0;
    for (size_t j = 0; j < count; j++) {
        units += plans[j].units;
        rows += plans[j].job->head->n;
    }
    if (!workspaces_take(needs, threads, &memory, &place, &each, error))
        return false;

        /* The last rows of causal heads see the most, so they begin. */
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (size_t u = units; u > 0; u--) {
        int thread = 0;
#ifdef _OPENMP
        thread = omp_get_thread_num();
#endif
        const struct workspace space = workspace_make(needs, place + (size_t)thread * each);
        const struct plan *plan = plans;
        size_t index = u - 1;
        while (index >= plan->units)
            index -= plan++->units;
        unit_run(plan, index, &space, kernel);

        size_t n = plan->job->head->n, first = index * plan->unit, done;
#pragma omp atomic capture
        done = rows_done += n - first < plan->unit ? n - first : plan->unit;
        if (options->progress && thread == 0)
            options->progress(options->context, done, rows);
    }
    free(memory);
    return true;
}

bool engine_run_with(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                     struct error *error)
{
    if (dilated_period(jobs, count) > 0)
        return dilated_run(jobs, count, options, error);
    const struct engine_kernel *kernel = kernel_get();
    struct needs needs = {0};
    size_t rows = 0, strip = 0;
    double work = 0;
    for (size_t j = 0; j < count; j++) {
        const struct head *head = jobs[j].head;
        needs_of(&needs, &jobs[j]);
        if (jobs[j].taker.take)
            needs_raise(&strip, head->m);
        rows += head->n;
        work += (double)head->n * (double)head->m * ((double)head->d_k + (double)head->d_v);
    }
    struct plan *plans = memory_alloc(count, sizeof *plans, error);
    if (!plans)
        return false;

    int threads = thread_count(options->threads, work, rows);
    size_t block = strip > 0 ? block_rows(&needs, strip, threads, options->memory_limit) : BLOCK, units = 0;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (size_t j = 0; j < count; j++)
        plan_make(&plans[j], &jobs[j], jobs[j].taker.take ? block : BLOCK, kernel);
    for (size_t j = 0; j < count; j++)
        units += plans[j].units;
    bool ok = strip == 0 || size_multiply(strip, block, &needs.strip);
    if (!ok)
        error_memory(error, SIZE_MAX);
    if (count > 0 && ok)
        ok = run_plans(plans, count, &needs, thread_count(options->threads, work, units), kernel, options,
                       error);
    free(plans);
    return ok;
}

bool engine_run(const struct engine_job *jobs, size_t count, int threads, struct error *error)
{
    const struct engine_options options = {.threads = threads};
    return engine_run_with(jobs, count, &options, error);
}

bool engine_project(const float *x, size_t x_row, const float *w, const float *b, size_t rows, size_t inner,
                    size_t columns, float *y, int threads, struct error *error)
{
    if (!w) {
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++)
                y[r * columns + c] = x[r * x_row + c] + (b ? b[c] : 0);
        return true;
    }
    const struct engine_kernel *kernel = kernel_get();
    const struct needs needs = {.sums = columns < PROJECT_COLUMNS ? columns : PROJECT_COLUMNS};
    const size_t slices = size_divide_up(columns, PROJECT_COLUMNS),
                 units = size_divide_up(rows, BLOCK) * slices;
    const int count = thread_count(threads, (double)rows * (double)inner * (double)columns, units);
    char *memory, *place;
    size_t each;
    if (!workspaces_take(&needs, count, &memory, &place, &each, error))
        return false;

#pragma omp parallel for schedule(dynamic) num_threads(count)
    for (size_t u = 0; u < units; u++) {
        int thread = 0;
#ifdef _OPENMP
        thread = omp_get_thread_num();
#endif
        const struct workspace space = workspace_make(&needs, place + (size_t)thread * each);
        const size_t row = u / slices * BLOCK, column = u % slices * PROJECT_COLUMNS;
        kernel->project(x + row * x_row, x_row, w, b, rows - row < BLOCK ? rows - row : BLOCK, inner, columns,
                        column, columns - column < PROJECT_COLUMNS ? columns - column : PROJECT_COLUMNS,
                        y + row * columns, &space);
    }
    free(memory);
    return true;
}
