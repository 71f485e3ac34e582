#include "compute/cost.h"

#include <string.h>

#include "attention/head.h"
#include "attention/mask_count.h"
#include "problem/problem_head.h"

/* Allowed pairs of a head, of the queries that were computed. */
static bool head_allowed(const struct result *result, size_t layer, size_t h, size_t *allowed,
                         struct error *error)
{
    struct head head;
    if (!result->only_chosen) {
        *allowed = result->measures[layer * result->problem->heads + h].allowed;
        return true;
    }
    problem_head(result->problem, layer, h, &head);
    head = head_part(&head, result->cells.query_first, result->cells.query_count);
    return mask_count(&head, 1, allowed, NULL, error);
}

bool cost_add(struct cost *cost, const struct result *result, struct error *error)
{
    const struct problem *problem = result->problem;
    const size_t queries = result->only_chosen ? result->cells.query_count : problem->n;
    for (size_t l = 0; l < problem->layer_count; l++) {
        const struct problem_layer *layer = &problem->layers[l];
        if (!result->layers[l])
            continue;
        const bool is_counted = !layer->attention && layer->settings.recurrence == RECURRENCE_NONE;
        /* A state is made of all keys and read by all queries. */
        const double state =
            ((double)problem->n + (double)problem->m) * (double)layer->d_score * (double)problem->d_v;
        const double each = is_counted ? (double)layer->d_score + (double)problem->d_v : 0;
        for (size_t h = 0; h < problem->heads; h++) {
            size_t allowed = 0;
            if (!result_heads(result, l)[h])
                continue;
            if (!head_allowed(result, l, h, &allowed, error))
                return false;
            cost->pairs += (double)queries * (double)problem->m;
            cost->allowed += (double)allowed;
            cost->multiply_adds += strcmp(result->engine, "linear") == 0 ? state : (double)allowed * each;
        }
    }
    return true;
}
