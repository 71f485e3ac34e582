/*
 * The float32 engine: many heads at once, over threads, strip by strip: nothing of size n×m is held unless
 * the receiver of the rows holds it. Agrees with core/reference.h to 2e-6 where |masked scores| <= 20.
 */
#ifndef ATTN_CORE_ENGINE_H
#define ATTN_CORE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "core/head.h"

/*
 * Takes finished rows of weights, first..first+count-1, of which row r begins at weights + r*stride (r from
 * 0), m numbers each. Called once for every row of the head, from any thread and in any order; calls for
 * different rows may run at the same time. The memory is valid during the call only.
 */
struct row_taker {
    void (*take)(void *context, size_t first, size_t count, const float *weights, size_t stride);
    void *context;
};

struct engine_job {
    const struct head *head;
    float *output; /* n×d_v, row i at output + i*output_row; NULL: not wanted */
    size_t output_row;
    struct row_taker taker; /* take may be NULL */
};

struct engine_options {
    int threads; /* 0: as many as the machine has */
    void (*progress)(void *context, size_t rows_done,
                     size_t rows); /* from the calling thread only; or NULL */
    void *context;
};

/*
 * Runs all jobs with `threads` threads (0: as many as the machine has). The results do not depend on the
 * number of threads. Errors: no memory for the strips.
 */
bool engine_run(const struct engine_job *jobs, size_t count, int threads, struct error *error);
bool engine_run_with(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                     struct error *error);

/* y = x·w + b in float32 with wide sums: x rows×inner (row step x_row), w inner×columns or NULL for the
 * identity (then columns == inner), b columns or NULL; y rows×columns, packed. */
bool engine_project(const float *x, size_t x_row, const float *w, const float *b, size_t rows, size_t inner,
                    size_t columns, float *y, int threads, struct error *error);

/* What runs, for `-v`: "plain"; and how many threads `threads` (0: chosen) stands for. */
const char *engine_name(void);
int engine_threads(int threads);

#endif
