/* Threads of OpenMP, where the compiler has it; otherwise there is one. */
#ifndef ATTN_ENGINE_THREADS_H
#define ATTN_ENGINE_THREADS_H

#include <stddef.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* How many threads a wish for `threads` (0: as many as the machine has) stands for. */
static inline int engine_threads(int threads)
{
#ifdef _OPENMP
    return threads > 0 ? threads : omp_get_num_procs();
#else
    (void)threads;
    return 1;
#endif
}

/* How many threads are worth waking for `work` multiplications that are dealt out in `units`. */
static inline int engine_threads_for(int threads, double work, size_t units)
{
    const double least = 4e6;
    const int most = engine_threads(threads);
    if (work < least)
        return 1;
    return (size_t)most < units ? most : (int)(units > 0 ? units : 1);
}

/* Which thread of a parallel region this is, from 0. */
static inline int engine_thread(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

#endif
