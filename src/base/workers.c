#include "base/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static int worker_limit = 1;

static int worker_clamp(int threads)
{
    return threads < 1 ? 1 : threads > WORKERS_MAX ? WORKERS_MAX : threads;
}

void workers_limit(int threads)
{
    worker_limit = worker_clamp(threads);
}

/* The jobs of one call, as its workers share them. */
struct worker_jobs {
    void (*work)(void *context, int worker, size_t job);
    void *context;
    size_t count;
    atomic_size_t next;
};

/* All threads, and the call that they are wanted for. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    int threads;              /* made so far */
    struct worker_jobs *jobs; /* NULL: there are none to take up */
    int wanted;               /* threads that may still take them up */
    int working;
} pool = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};

static _Thread_local int worker_number;  /* in the present call */
static _Thread_local bool worker_inside; /* within work */

int workers_self(void)
{
    return worker_number;
}

static void jobs_run(struct worker_jobs *jobs, int number)
{
    const int outer = worker_number;
    const bool inside = worker_inside;
    size_t job;
    worker_number = number;
    worker_inside = true;
    while ((job = atomic_fetch_add(&jobs->next, 1)) < jobs->count)
        jobs->work(jobs->context, number, job);
    worker_number = outer;
    worker_inside = inside;
}

/* A thread of the pool: takes up the jobs of one call after the other. */
static void *worker_live(void *unused)
{
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        while (!pool.jobs || pool.wanted == 0)
            pthread_cond_wait(&pool.wake, &pool.lock);
        struct worker_jobs *jobs = pool.jobs;
        const int number = pool.wanted--;
        pool.working++;
        pthread_mutex_unlock(&pool.lock);
        jobs_run(jobs, number);
        pthread_mutex_lock(&pool.lock);
        if (--pool.working == 0)
            pthread_cond_signal(&pool.idle);
    }
    return unused;
}

/*
 * A system may put a new thread on the processor of its maker and leave the other ones idle until it balances
 * load, which is longer than a few pictures take: both then take turns. Linux lets a thread begin anywhere
 * but here; where it does not, threads begin where they are put.
 */
static bool worker_begin(void)
{
    pthread_t thread;
    bool begun = false;
#ifdef __linux__
    cpu_set_t all, others;
    const int here = sched_getcpu();
    pthread_attr_t attributes;
    if (here >= 0 && sched_getaffinity(0, sizeof all, &all) == 0 && CPU_COUNT(&all) > 1 &&
        pthread_attr_init(&attributes) == 0) {
        others = all;
        CPU_CLR(here, &others);
        begun = pthread_attr_setaffinity_np(&attributes, sizeof others, &others) == 0 &&
                pthread_create(&thread, &attributes, worker_live, NULL) == 0;
        pthread_attr_destroy(&attributes);
        if (begun) /* from here on anywhere */
            pthread_setaffinity_np(thread, sizeof all, &all);
    }
#endif
    begun = begun || pthread_create(&thread, NULL, worker_live, NULL) == 0;
    if (begun)
        pthread_detach(thread);
    return begun;
}

void workers_run_on(int threads, size_t count, void (*work)(void *context, int worker, size_t job),
                    void *context)
{
    struct worker_jobs jobs = {.work = work, .context = context, .count = count};
    threads = worker_clamp(threads);
    const int others = (count < (size_t)threads ? (int)count : threads) - 1;
    if (others < 1 || worker_inside) {
        jobs_run(&jobs, 0);
        return;
    }
    pthread_mutex_lock(&pool.lock);
    while (pool.threads < others && worker_begin())
        pool.threads++;
    pool.jobs = &jobs;
    pool.wanted = others;
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);

    jobs_run(&jobs, 0);

    pthread_mutex_lock(&pool.lock);
    pool.jobs = NULL; /* who has not begun does not any more */
    while (pool.working > 0)
        pthread_cond_wait(&pool.idle, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
}

void workers_run(size_t count, void (*work)(void *context, int worker, size_t job), void *context)
{
    workers_run_on(worker_limit, count, work, context);
}

/* Work that can fail, and what it said. */
struct worker_trial {
    bool (*work)(void *context, int worker, size_t job, struct error *error);
    void *context;
    atomic_bool failed;
    pthread_mutex_t lock;
    struct error *error;
};

static void trial_work(void *context, int worker, size_t job)
{
    struct worker_trial *trial = context;
    struct error own = {0};
    if (atomic_load(&trial->failed) || trial->work(trial->context, worker, job, &own))
        return;
    atomic_store(&trial->failed, true);
    pthread_mutex_lock(&trial->lock);
    error_set(trial->error, own.kind, "%s", own.message);
    pthread_mutex_unlock(&trial->lock);
}

bool workers_try(int threads, size_t count,
                 bool (*work)(void *context, int worker, size_t job, struct error *error), void *context,
                 struct error *error)
{
    struct worker_trial trial = {
        .work = work, .context = context, .lock = PTHREAD_MUTEX_INITIALIZER, .error = error};
    workers_run_on(threads, count, trial_work, &trial);
    return !trial.failed;
}
