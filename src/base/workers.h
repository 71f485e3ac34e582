/*
 * A few jobs over a few threads, for work of milliseconds: a thread without a job sleeps, so that on a busy
 * machine they cost no more than one thread alone. The engine, whose threads meet often, has OpenMP.
 */
#ifndef ATTN_BASE_WORKERS_H
#define ATTN_BASE_WORKERS_H

#include <stddef.h>

/* The most workers of a call; each is a thread. */
enum { WORKERS_MAX = 64 };

/* Limits the workers of later calls; 1 until then. */
void workers_limit(int threads);

/* Calls work(context, worker, job) for every job below `count`; they begin in rising order. `worker`, below
 * WORKERS_MAX, numbers the thread, 0 the calling one. Returns when all is done. Where the system refuses a
 * thread, there are fewer. */
void workers_run(size_t count, void (*work)(void *context, int worker, size_t job), void *context);

#endif
