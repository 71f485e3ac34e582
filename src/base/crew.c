#include "base/crew.h"

#include <pthread.h>
#include <stdatomic.h>

static int most = 1;

void crew_limit(int threads)
{
    most = threads < 1 ? 1 : threads > CREW_MOST ? CREW_MOST : threads;
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

void crew_run(size_t count, void (*work)(void *context, int member, size_t job), void *context)
{
    struct crew crew = {.work = work, .context = context, .count = count};
    struct member members[CREW_MOST];
    int threads = count < (size_t)most ? (int)count : most, begun = 1;
    members[0] = (struct member){&crew, 0, pthread_self()};
    for (; begun < threads; begun++) {
        members[begun] = (struct member){.crew = &crew, .number = begun};
        if (pthread_create(&members[begun].thread, NULL, member_work, &members[begun]) != 0)
            break;
    }
    member_work(&members[0]);
    for (int i = 1; i < begun; i++)
        pthread_join(members[i].thread, NULL);
}
