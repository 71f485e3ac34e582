/*
 * A few jobs over a few threads, for work that is over in milliseconds: whoever has nothing left to do
 * sleeps, so that on a busy machine it costs no more than one thread alone. The engine, whose threads meet
 * often, has OpenMP.
 */
#ifndef ATTN_BASE_WORKERS_H
#define ATTN_BASE_WORKERS_H

#include <stddef.h>

/* The most threads of a crew. */
enum { WORKERS_MAX = 64 };

/* How many threads crews have from now on; 1 until told. */
void workers_limit(int threads);

/* Calls work(context, member, job) for every job below `count`; they begin in rising order. `member`, below
 * WORKERS_MAX, is the thread: 0 the calling one. Returns when all is done. Threads that cannot be had are done
 * without. */
void workers_run(size_t count, void (*work)(void *context, int member, size_t job), void *context);

#endif
