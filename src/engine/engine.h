/*
 * The engine: exact attention of many heads at once, over threads. It computes in float32, block by block of
 * query rows, and agrees with attention/reference.h to 2e-6 where |scaled scores| <= 20; forms of attention
 * that float32 does not have are computed row by row in double precision. Which runner of engine/runner.h
 * gets a list of jobs is decided here and nowhere else.
 */
#ifndef ATTN_ENGINE_ENGINE_H
#define ATTN_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "engine/job.h"
#include "engine/threads.h"

/*
 * Runs all jobs. The results do not depend on the number of threads, bit for bit. Errors (ERROR_SYSTEM): no
 * memory, or sizes whose product overflows.
 */
bool engine_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                struct error *error);

/* The name of what computes these jobs: that of a kernel (engine/kernel.h), or "plain". */
const char *engine_name(const struct engine_job *jobs, size_t count, const struct engine_options *options);
/* Where that is "plain", why: what of the jobs float32 does not have, in words; otherwise NULL. */
const char *engine_plain_reason(const struct engine_job *jobs, size_t count,
                                const struct engine_options *options);

/* y = x·w + b in float32: x rows×inner (row step x_row), w inner×columns or NULL for the identity (then
 * columns == inner), b columns or NULL; y rows×columns, packed. Errors as of engine_run. */
bool engine_project(const float *x, size_t x_row, const float *w, const float *b, size_t rows, size_t inner,
                    size_t columns, float *y, int threads, struct error *error);

#endif
