#include "base/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

static int most = 1;

void workers_limit(int threads)
{
    most = threads < 1 ? 1 : threads > WORKERS_MAX ? WORKERS_MAX : threads;
}

struct crew {
    void (*work)(void *context, int member, size_t job);
    void *context;
    size_t count;
    atomic_size_t next;
};

struct member {
    struct crew *crew;
    int number;
    pthread_t thread;
};

static void *member_work(void *pointer)
{
    const struct member *member = pointer;
    struct crew *crew = member->crew;
    size_t job;
    while ((job = atomic_fetch_add(&crew->next, 1)) < crew->count)
        crew->work(crew->context, member->number, job);
    return NULL;
}

/*
 * A system may put a new thread on the processor of its maker and leave the other ones idle until it balances
 * load, which is longer than a few pictures take: both then take turns. Linux lets a thread begin anywhere
 * but here; where it does not, threads begin where they are put.
 */
static bool begin_elsewhere(struct member *member)
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
                     pthread_create(&member->thread, &attributes, member_work, member) == 0;
        pthread_attr_destroy(&attributes);
        if (begun) { /* from here on anywhere */
            pthread_setaffinity_np(member->thread, sizeof all, &all);
            return true;
        }
    }
#endif
    return pthread_create(&member->thread, NULL, member_work, member) == 0;
}

void workers_run(size_t count, void (*work)(void *context, int member, size_t job), void *context)
{
    struct crew crew = {.work = work, .context = context, .count = count};
    struct member members[WORKERS_MAX];
    int threads = count < (size_t)most ? (int)count : most, begun = 1;
    members[0] = (struct member){&crew, 0, pthread_self()};
    for (; begun < threads; begun++) {
        members[begun] = (struct member){.crew = &crew, .number = begun};
        if (!begin_elsewhere(&members[begun]))
            break;
    }
    member_work(&members[0]);
    for (int i = 1; i < begun; i++)
        pthread_join(members[i].thread, NULL);
}
