/*
 * Jobs dealt out to a few threads, which are made when they are first needed and sleep between calls. Nobody waits by
 * spinning: on a busy machine the caller does alone what the others have no time for, and is not kept waiting by a
 * thread that has not begun.
 */
#ifndef ATTN_BASE_WORKERS_H
#define ATTN_BASE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The most workers of a call; each is a thread. */
enum { WORKERS_MAX = 128 };

/* Limits the workers of later calls of workers_run; 1 until then. */
void workers_limit(int threads);

/* Calls work(context, worker, job) for every job below `count`; they begin in rising order. `worker`, below
 * WORKERS_MAX, numbers the thread, 0 the calling one. Returns when all is done. Where the system refuses a
 * thread, there are fewer. A call from within work runs on the thread that makes it. */
void workers_run(size_t count, void (*work)(void *context, int worker, size_t job), void *context);

/* The same with a limit of its own. */
void workers_run_on(int threads, size_t count, void (*work)(void *context, int worker, size_t job),
                    void *context);

/* The same for work that can fail: after a failure no further job begins, and the first one becomes the error. */
bool workers_try(int threads, size_t count,
                 bool (*work)(void *context, int worker, size_t job, struct error *error), void *context,
                 struct error *error);

/* The number of the worker that asks, in the call that it works for; 0 where there is none. */
int workers_self(void);

#endif
