#include "view/dropped_cells.h"

#include <stdlib.h>

#include "attention/reference.h"
#include "base/memory.h"
#include "problem/problem_head.h"

bool dropped_cells(unsigned char **flags, const struct excerpt *e, enum stage stage, size_t l, size_t h,
                   const struct heatmap *map, struct error *error)
{
    const struct result *result = e->result;
    const size_t rows = e->shape[stage].rows, columns = e->shape[stage].columns;
    const size_t stride = map->stride > 0 ? map->stride : columns;
    struct head head;
    bool any = false;
    *flags = NULL;
    if (excerpt_is_mean(e) || result->is_joined || result->kept == KEPT_POOLED ||
        !(stage == STAGE_WEIGHTS || stage_is_contribution(stage)))
        return true;
    problem_head(result->problem, e->layer_index[l], excerpt_head(e, l, h), &head);
    if (!(head.dropout > 0))
        return true;
    /* Weights that were read back do not say by which numbers they were dropped. */
    const bool is_given = result->problem->layers[e->layer_index[l]].attention;
    unsigned char *made = memory_zeroed(rows * columns, 1, error);
    for (size_t at = 0; made && at < rows * columns; at++) {
        const size_t i = at / columns, j = at % columns;
        made[at] = map->values[i * stride + j] == 0 && !(map->masked && map->masked[at]) &&
                   (is_given || reference_drops(&head, e->query_first + i, e->key_first + j));
        any = any || made[at];
    }
    *flags = any ? made : NULL;
    if (!any)
        free(made);
    return made;
}
