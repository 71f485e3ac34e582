#include "view/patch_values.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* The pairs that a value is made of. */
struct patch_total {
    double sum;
    size_t count, allowed;
};

static void total_add(struct patch_total *total, const struct pairs *pairs, size_t row, size_t column)
{
    bool is_masked = pairs->masked && pairs->masked[row * pairs->columns + column];
    total->allowed += !is_masked;
    if (is_masked && !pairs->is_weight)
        return;
    total->count++;
    total->sum += (double)pairs->values[row * pairs->stride + column];
}

static double total_mean(const struct patch_total *total)
{
    return total->count > 0 ? total->sum / (double)total->count : 0;
}

/* The rows that are looked from, where the patches are keys: of a mean those of patches, if there are any. */
static void looked_from(const struct patch_view *patches, const struct pairs *pairs, size_t *begin,
                        size_t *end)
{
    const size_t first = pairs->query_first, last = first + pairs->rows;
    const size_t patch = patches->grid.first, behind = patch + patch_grid_count(&patches->grid);
    *begin = patches->is_mean ? 0 : patches->query - first;
    *end = patches->is_mean ? pairs->rows : *begin + 1;
    if (!patches->is_mean || !patches->is_self || patch >= last || behind <= first)
        return;
    *begin = patch > first ? patch - first : 0;
    *end = behind < last ? behind - first : pairs->rows;
}

/* The keys that are no patches: the value of one, the sum of several. */
static void add_rest(struct patch_rest *rest, const struct patch_view *patches, const struct pairs *pairs,
                     size_t begin, size_t end)
{
    *rest = (struct patch_rest){.is_masked = true};
    for (size_t j = 0; j < pairs->columns; j++) {
        if (patch_grid_has(&patches->grid, pairs->key_first + j))
            continue;
        struct patch_total total = {0};
        for (size_t i = begin; i < end; i++)
            total_add(&total, pairs, i, j);
        rest->keys++;
        rest->value += total_mean(&total);
        rest->is_masked = rest->is_masked && total.allowed == 0;
    }
}

bool patch_values(const struct patch_view *patches, const struct pairs *pairs, size_t key, float *values,
                  uint8_t *masked, struct patch_rest *rest, struct error *error)
{
    const struct patch_grid *grid = &patches->grid;
    const size_t count = patch_grid_count(grid);
    struct patch_total *totals = memory_zeroed(count, sizeof *totals, error);
    if (!totals)
        return false;
    if (rest)
        *rest = (struct patch_rest){0};
    if (grid->are_queries) {
        for (size_t p = 0; p < count; p++)
            total_add(&totals[p], pairs, grid->first - pairs->query_first + p, key - pairs->key_first);
    } else {
        size_t begin, end;
        looked_from(patches, pairs, &begin, &end);
        for (size_t i = begin; i < end; i++)
            for (size_t p = 0; p < count; p++)
                total_add(&totals[p], pairs, i, grid->first - pairs->key_first + p);
        if (rest)
            add_rest(rest, patches, pairs, begin, end);
    }
    for (size_t p = 0; p < count; p++) {
        values[p] = (float)total_mean(&totals[p]);
        if (masked)
            masked[p] = totals[p].allowed == 0;
    }
    free(totals);
    return true;
}

bool patch_values_measure(struct patch_view *patches, const struct excerpt *excerpt, struct error *error)
{
    const struct stage_shape *shape = &excerpt->shape[STAGE_WEIGHTS];
    const size_t count = patch_grid_count(&patches->grid), maps = patch_view_maps(patches);
    float *values = memory_alloc(count, sizeof *values, error);
    bool ok = values;
    for (size_t i = 0; ok && i < excerpt->layer_count * shape->heads * maps; i++) {
        const size_t head = i / maps;
        struct strided weights =
            excerpt_matrix(excerpt, STAGE_WEIGHTS, head / shape->heads, head % shape->heads);
        struct pairs pairs = {.values = weights.data,
                              .stride = weights.row,
                              .rows = shape->rows,
                              .columns = shape->columns,
                              .query_first = excerpt->query_first,
                              .key_first = excerpt->key_first,
                              .is_weight = true};
        ok = patch_values(patches, &pairs, patches->key_first + i % maps, values, NULL, NULL, error);
        for (size_t p = 0; ok && p < count; p++)
            if (isfinite(values[p]) && values[p] > patches->largest)
                patches->largest = values[p];
    }
    free(values);
    return ok;
}
