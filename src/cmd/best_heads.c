#include "cmd/best_heads.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cmd/stats_heads.h"

bool best_heads_check(const struct selection_options *said, struct error *error)
{
    struct stats_heads unused = {0};
    if (said->best > 0 && !said->sort)
        return error_set(error, ERROR_USAGE, "--best: expected --sort beside it");
    return stats_heads_plan_order(&unused, said->sort, said->best, error);
}

/* Measures the chosen heads of a part, whatever else is wanted of them. */
static bool measure_part(const struct part *part, struct error *error)
{
    struct selection heads = part->selection;
    struct request request = {.measures_only = true,
                              .without_masks = true,
                              .max_weights = part->request.max_weights,
                              .engine = part->request.engine,
                              .watch = part->request.watch,
                              .selection = &heads};
    struct warnings again = {0}; /* the second pass has them too */
    struct result result = {0};
    heads.average_heads = heads.average_layers = false;
    heads.query_first = heads.key_first = 0;
    heads.query_end = part->problem.n;
    heads.key_end = part->problem.m;
    request.engine.progress = NULL;
    const bool ok = result_compute(&result, &part->problem, &request, &again, error);
    result_free(&result);
    warnings_free(&again);
    return ok;
}

/* The place of a head among those of all layers, whatever its number. */
static struct head_place heads_place(const struct computation *c, const struct stats_heads *heads,
                                     const struct stats_head *head)
{
    size_t i = 0;
    while (head->problem != &c->parts[i].problem)
        i++;
    const size_t at = (size_t)(head->stats - heads->parts.list[i].heads);
    return (struct head_place){head->problem->layer_first + at / head->problem->heads,
                               at % head->problem->heads};
}

/* What is picked of the heads in their order. Lets go of them, for choosing puts others in the place of their problems. */
static bool choose_first(struct computation *c, struct stats_heads *heads, const struct options *options,
                         struct error *error)
{
    const size_t count = heads->count;
    struct head_place *places = memory_alloc(count, sizeof *places, error);
    double *values = places ? memory_alloc(count, sizeof *values, error) : NULL;
    for (size_t i = 0; values && i < count; i++) {
        places[i] = heads_place(c, heads, &heads->list[i]);
        values[i] = heads->list[i].stats->value[heads->order];
    }
    const struct picked_heads picked = {places, values, count, stat_names[heads->order]};
    stats_heads_free(heads);
    const bool ok = values && computation_choose(c, &picked, options, error);
    free(places);
    free(values);
    return ok;
}

bool best_heads_choose(struct computation *computation, const struct options *options, struct error *error)
{
    struct computation *c = computation;
    const struct selection_options *said = &options->selection;
    struct stats_heads heads = {0};
    if (!said->sort)
        return true;
    bool ok = stats_heads_plan_order(&heads, said->sort, said->best, error) &&
              stats_parts_watch(&heads.parts, c, error);
    for (size_t i = 0; ok && i < c->part_count; i++)
        ok = measure_part(&c->parts[i], error);
    ok = ok && stats_heads_list(&heads, c, error);
    if (ok) {
        stats_heads_order(&heads);
        ok = choose_first(c, &heads, options, error);
    }
    stats_heads_free(&heads);
    return ok;
}
