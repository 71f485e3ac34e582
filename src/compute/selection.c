#include "compute/selection.h"

static bool selection_check_list(const size_t *list, size_t count, size_t limit, const char *what,
                                 struct error *error)
{
    for (size_t i = 0; list && i < count; i++)
        if (list[i] >= limit)
            return error_set(error, ERROR_USAGE, "there is no %s %zu: the input has %zu, counted from 0",
                             what, list[i], limit);
    return true;
}

static bool selection_check_range(size_t first, size_t *end, size_t limit, const char *what,
                                  struct error *error)
{
    if (*end == 0)
        *end = limit;
    if (first < *end && *end <= limit)
        return true;
    return error_set(error, ERROR_USAGE, "%s %zu:%zu: expected a range within 0:%zu", what, first, *end,
                     limit);
}

bool selection_check(struct selection *selection, const struct problem *problem, struct error *error)
{
    struct selection *s = selection;
    return selection_check_list(s->layers, s->layer_count, problem->layer_count, "layer", error) &&
           selection_check_list(s->heads, s->head_count, problem->heads, "head", error) &&
           selection_check_range(s->query_first, &s->query_end, problem->n, "--queries", error) &&
           selection_check_range(s->key_first, &s->key_end, problem->m, "--keys", error);
}

bool selection_has_layer(const struct selection *selection, size_t layer)
{
    bool has = !selection->layers;
    for (size_t i = 0; !has && i < selection->layer_count; i++)
        has = selection->layers[i] == layer;
    return has;
}

bool selection_has_all_pairs(const struct selection *selection, const struct problem *problem)
{
    return selection->query_end - selection->query_first == problem->n &&
           selection->key_end - selection->key_first == problem->m;
}
