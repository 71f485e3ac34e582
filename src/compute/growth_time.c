#include "compute/growth_time.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/random_bits.h"
#include "engine/engine.h"
#include "engine/threads.h"

/* Runs are repeated until they took so long together. */
#define REPEAT_SECONDS 0.2

enum { RUNS_MOST = 200 };

/* Memory of the longest head; owned. */
struct growth_room {
    float *q, *k, *v, *output;
};

static void room_free(struct growth_room *room)
{
    free(room->q);
    free(room->k);
    free(room->v);
    free(room->output);
}

/* Numbers from 0 to 1, as a feature map might leave them: costs do not depend on them. */
static void fill_random(float *numbers, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++)
        numbers[i] = (float)(random_bits(&seed) >> 40) * 0x1p-24f;
}

static bool room_make(struct growth_room *room, const struct growth *growth, size_t length,
                      struct error *error)
{
    size_t keys, values;
    if (!size_multiply(length, growth->d_k, &keys) || !size_multiply(length, growth->d_v, &values))
        return error_memory(error, SIZE_MAX);
    room->q = memory_alloc(keys, sizeof *room->q, error);
    room->k = room->q ? memory_alloc(keys, sizeof *room->k, error) : NULL;
    room->v = room->k ? memory_alloc(values, sizeof *room->v, error) : NULL;
    room->output = room->v ? memory_alloc(values, sizeof *room->output, error) : NULL;
    if (!room->output)
        return false;
    fill_random(room->q, keys, 1);
    fill_random(room->k, keys, 2);
    fill_random(room->v, values, 3);
    return true;
}

/* The seconds of the shortest of some runs. */
static bool time_head(double *seconds, const struct head *head, const struct growth_room *room, int threads,
                      struct error *error)
{
    struct head timed = *head;
    timed.q = (struct strided){room->q, head->d_k, 1};
    timed.k = (struct strided){room->k, head->d_k, 1};
    timed.v = (struct strided){room->v, head->d_v, 1};
    timed.scale = 1 / sqrt((double)head->d_k);
    const struct engine_job job = {.head = &timed, .output = room->output, .output_row = head->d_v};
    const struct engine_options options = {.threads = threads};
    double all = 0;
    *seconds = INFINITY;
    for (int run = 0; run < RUNS_MOST && all < REPEAT_SECONDS; run++) {
        const double before = clock_seconds();
        if (!engine_run(&job, 1, &options, error))
            return false;
        const double took = clock_seconds() - before;
        *seconds = fmin(*seconds, took);
        all += took;
    }
    return true;
}

/* Whether length i would take too long: by the one before, and of the first as if a product took a tenth of a nanosecond. */
static bool is_too_long(const struct growth_cost *cost, size_t i)
{
    const double per_product = i == 0 ? 1e-10 : cost[i - 1].seconds / cost[i - 1].multiply_adds;
    return !(per_product * cost[i].multiply_adds <= GROWTH_SECONDS);
}

bool growth_time(struct growth *growth, int threads, struct error *error)
{
    bool ok = true;
    growth->threads = engine_threads(threads);
    for (size_t i = 0; ok && i < growth->count; i++) {
        struct growth_room room = {0};
        ok = room_make(&room, growth, growth->lengths[i], error);
        for (enum growth_form form = 0; ok && form < GROWTH_FORMS; form++) {
            struct growth_cost *cost = growth->cost[form];
            const struct head head = growth_head(growth, form, growth->lengths[i]);
            if (!is_too_long(cost, i))
                ok = time_head(&cost[i].seconds, &head, &room, growth->threads, error);
        }
        room_free(&room);
    }
    return ok;
}
