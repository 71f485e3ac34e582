#include "cmd/stats_parts.h"

#include <stdlib.h>

#include "base/memory.h"

bool stats_parts_watch(struct stats_parts *parts, struct computation *computation, struct error *error)
{
    parts->list = memory_zeroed(computation->part_count, sizeof *parts->list, error);
    parts->count = parts->list ? computation->part_count : 0;
    for (size_t i = 0; i < parts->count; i++) {
        struct part *part = &computation->parts[i];
        if (!stats_make(&parts->list[i], &part->problem, &part->selection, part->request.engine.threads,
                        error))
            return false;
        part->request.watch = stats_watch(&parts->list[i]);
    }
    return parts->list;
}

void stats_parts_finish(struct stats_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        stats_finish(&parts->list[i]);
}

void stats_parts_free(struct stats_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        stats_free(&parts->list[i]);
    free(parts->list);
    *parts = (struct stats_parts){0};
}
