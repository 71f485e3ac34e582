#include "read/json_layers.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "read/json_rows.h"

/* Layers, heads, rows, columns; and a batch. */
enum { LEVELS_LEAST = 4, LEVELS_MOST = 5 };

/* The shape of a layer whose rows are those from `first` to `end`. *fits: it is even. */
static struct tensor layer_shape(const struct row_list *rows, size_t first, size_t end, bool *fits)
{
    struct nesting nesting;
    size_t count;
    json_rows_axes(&nesting, rows, end - 1, 1);
    *fits = json_rows_fit(rows, &nesting, first, end, &count) && (nesting.axes < 2 || nesting.shape[0] == 1);
    for (size_t r = first; *fits && r < end; r++)
        *fits = rows->row[r].length == rows->row[first].length;
    return (struct tensor){.rank = 3, .shape = {nesting.groups, count, rows->row[first].length}};
}

/* Appends a layer; its numbers lie together. */
static bool layers_append(struct json_layers *layers, struct tensor layer, const struct number_array *array,
                          const struct row *first, struct error *error)
{
    const size_t size = tensor_count(&layer);
    layer.holds = array->tensor.holds;
    layer.place = array->tensor.place;
    if (!memory_resize(&layers->tensor, layers->count + 1, sizeof *layers->tensor, error) ||
        !(layer.data = memory_alloc(size, sizeof *layer.data, error)))
        return false;
    memcpy(layer.data, array->tensor.data + first->at, size * sizeof *layer.data);
    layers->tensor[layers->count++] = layer;
    return true;
}

static bool take_layers(struct json_layers *layers, const struct row_list *rows,
                        const struct number_array *array, struct error *error)
{
    bool ok = true, fits = true;
    for (size_t first = 0, end; ok && fits && first < rows->count; first = end) {
        end = json_rows_part(rows, first);
        const struct tensor layer = layer_shape(rows, first, end, &fits);
        ok = !fits || layers_append(layers, layer, array, &rows->row[first], error);
    }
    if (!fits)
        json_layers_free(layers);
    return ok;
}

bool json_layers_read(struct json_layers *layers, const struct json *json, const struct number_array *array,
                      struct error *error)
{
    struct row_list rows = {.levels = array->depth};
    bool whole = false;
    if (!array->uneven.offset || array->depth < LEVELS_LEAST || array->depth > LEVELS_MOST)
        return true;
    bool ok = json_rows_list(&rows, json->source->data + array->offset, &whole, error);
    if (ok && whole)
        ok = take_layers(layers, &rows, array, error);
    free(rows.row);
    return ok;
}

void json_layers_free(struct json_layers *layers)
{
    for (size_t l = 0; l < layers->count; l++)
        tensor_free(&layers->tensor[l]);
    free(layers->tensor);
    *layers = (struct json_layers){0};
}
