#include "engine/engine.h"

#include <string.h>

#include "base/memory.h"
#include "base/workers.h"
#include "engine/fast.h"
#include "engine/kernel.h"
#include "engine/runner.h"
#include "engine/threads.h"
#include "engine/workspace.h"

/* From the most special to the most general. */
static const struct runner *const runners[] = {&runner_dilated, &runner_linear, &runner_keys, &runner_fast,
                                               &runner_plain};

bool engine_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                struct error *error)
{
    return runner_run(runners, jobs, count, options, error);
}

const char *engine_name(const struct engine_job *jobs, size_t count, const struct engine_options *options)
{
    return runner_name(runners, jobs, count, options);
}

const char *engine_plain_reason(const struct engine_job *jobs, size_t count,
                                const struct engine_options *options)
{
    return strcmp(engine_name(jobs, count, options), "plain") == 0 ? fast_lacks(jobs, count, options) : NULL;
}

/* Columns of a projection dealt out at once. */
#define PROJECT_COLUMNS ((size_t)192)

/* A projection, as threads share it. */
struct engine_projection {
    const struct kernel *kernel;
    const float *x, *w, *b;
    float *y;
    size_t x_row, rows, inner, columns, slices; /* slices of columns */
    struct workspaces spaces;
};

static void projection_work(void *context, int worker, size_t unit)
{
    const struct engine_projection *p = context;
    const struct workspace space = workspaces_get(&p->spaces, worker);
    const size_t row = unit / p->slices * BLOCK, column = unit % p->slices * PROJECT_COLUMNS;
    const size_t rows = p->rows - row < BLOCK ? p->rows - row : BLOCK, left = p->columns - column;
    p->kernel->project(p->x + row * p->x_row, p->x_row, p->w, p->b, rows, p->inner, p->columns, column,
                       left < PROJECT_COLUMNS ? left : PROJECT_COLUMNS, p->y + row * p->columns, &space);
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
    const struct workspace_sizes sizes = {.sums = columns < PROJECT_COLUMNS ? columns : PROJECT_COLUMNS};
    struct engine_projection p = {.kernel = kernel_chosen(),
                                  .x = x,
                                  .w = w,
                                  .b = b,
                                  .y = y,
                                  .x_row = x_row,
                                  .rows = rows,
                                  .inner = inner,
                                  .columns = columns,
                                  .slices = size_divide_up(columns, PROJECT_COLUMNS)};
    const size_t units = size_divide_up(rows, BLOCK) * p.slices;
    const int count = engine_threads_for(threads, (double)rows * (double)inner * (double)columns, units);
    if (!workspaces_alloc(&p.spaces, &sizes, count, error))
        return false;
    workers_run_on(count, units, projection_work, &p);
    workspaces_free(&p.spaces);
    return true;
}
