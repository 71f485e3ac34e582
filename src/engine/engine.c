#include "engine/engine.h"

#include <string.h>

#include "base/memory.h"
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

bool engine_project(const float *x, size_t x_row, const float *w, const float *b, size_t rows, size_t inner,
                    size_t columns, float *y, int threads, struct error *error)
{
    if (!w) {
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++)
                y[r * columns + c] = x[r * x_row + c] + (b ? b[c] : 0);
        return true;
    }
    const struct kernel *kernel = kernel_chosen();
    const struct workspace_sizes sizes = {.sums = columns < PROJECT_COLUMNS ? columns : PROJECT_COLUMNS};
    const size_t slices = size_divide_up(columns, PROJECT_COLUMNS),
                 units = size_divide_up(rows, BLOCK) * slices;
    const int count = engine_threads_for(threads, (double)rows * (double)inner * (double)columns, units);
    struct workspaces spaces = {0};
    if (!workspaces_alloc(&spaces, &sizes, count, error))
        return false;

#pragma omp parallel for schedule(dynamic) num_threads(count)
    for (size_t u = 0; u < units; u++) {
        const struct workspace space = workspaces_get(&spaces, engine_thread());
        const size_t row = u / slices * BLOCK, column = u % slices * PROJECT_COLUMNS;
        kernel->project(x + row * x_row, x_row, w, b, rows - row < BLOCK ? rows - row : BLOCK, inner, columns,
                        column, columns - column < PROJECT_COLUMNS ? columns - column : PROJECT_COLUMNS,
                        y + row * columns, &space);
    }
    workspaces_free(&spaces);
    return true;
}
