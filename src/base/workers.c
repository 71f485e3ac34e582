#include "base/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

static int worker_limit = 1;

void workers_limit(int threads)
{
    worker_limit = threads < 1 ? 1 : threads > WORKERS_MAX ? WORKERS_MAX : threads;
}

/* The jobs of one call, as its workers share them. */
struct worker_jobs {
    void (*work)(void *context, int worker, size_t job);
    void *context;
    size_t count;
    atomic_size_t next;
};

struct worker {
    struct worker_jobs *jobs;
    int number;
    pthread_t thread;
};

static void *worker_run(void *pointer)
{
    const struct worker *worker = pointer;
    struct worker_jobs *jobs = worker->jobs;
    size_t job;
    while ((job = atomic_fetch_add(&jobs->next, 1)) < jobs->count)
        jobs->work(jobs->context, worker->number, job);
    return NULL;
}

/*
 * A system may put a new thread on the processor of its maker and leave the other ones idle until it balances
 * load, which is longer than a few pictures take: both then take turns. Linux lets a thread begin anywhere
 * but here; where it does not, threads begin where they are put.
 */
static bool worker_begin(struct worker *worker)
{
#ifdef __linux__
    cpu_set_t all, others;
    const int here = sched_getcpu();
    pthread_attr_t attributes;
    if (here >= 0 && sched_getaffinity(0, sizeof all, &all) == 0 && CPU_COUNT(&all) > 1 &&
        pthread_attr_init(&attributes) == 0) {
        others = all;
        CPU_CLR(here, &others);
        bool begun = pthread_attr_setaffinity_np(&attributes, sizeof others, &others) == 0 &&
                     pthread_create(&worker->thread, &attributes, worker_run, worker) == 0;
        pthread_attr_destroy(&attributes);
        if (begun) { /* from here on anywhere */
            pthread_setaffinity_np(worker->thread, sizeof all, &all);
            return true;
        }
    }
#endif
    return pthread_create(&worker->thread, NULL, worker_run, worker) == 0;
}

void workers_run(size_t count, void (*work)(void *context, int worker, size_t job), void *context)
{
    struct worker_jobs jobs = {.work = work, .context = context, .count = count};
    struct worker workers[WORKERS_MAX];
    int threads = count < (size_t)worker_limit ? (int)count : worker_limit, begun = 1;
    workers[0] = (struct worker){&jobs, 0, pthread_self()};
    for (; begun < threads; begun++) {
        workers[begun] = (struct worker){.jobs = &jobs, .number = begun};
        if (!worker_begin(&workers[begun]))
            break;
    }
    worker_run(&workers[0]);
    for (int i = 1; i < begun; i++)
        pthread_join(workers[i].thread, NULL);
}
