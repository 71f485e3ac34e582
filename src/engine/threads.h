/* How many threads work is worth. */
#ifndef ATTN_ENGINE_THREADS_H
#define ATTN_ENGINE_THREADS_H

#include <stddef.h>

/* How many threads a wish for `threads` (0: as many as the machine has) stands for. */
int engine_threads(int threads);

/* How many threads are worth waking for `work` multiplications that are dealt out in `units`. */
int engine_threads_for(int threads, double work, size_t units);

#endif
