#include "engine/threads.h"

#include <unistd.h>

#include "base/workers.h"

#ifdef __linux__
#include <sched.h>
#endif

/* The processors that this process may run on. */
static int processors(void)
{
#ifdef __linux__
    cpu_set_t all;
    if (sched_getaffinity(0, sizeof all, &all) == 0)
        return CPU_COUNT(&all);
#endif
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 && online < WORKERS_MAX ? (int)online : WORKERS_MAX;
}

int engine_threads(int threads)
{
    const int wished = threads > 0 ? threads : processors();
    return wished < WORKERS_MAX ? wished : WORKERS_MAX;
}

int engine_threads_for(int threads, double work, size_t units)
{
    const double least = 4e6;
    const int most = engine_threads(threads);
    if (work < least)
        return 1;
    return (size_t)most < units ? most : (int)(units > 0 ? units : 1);
}
