#include "problem/deferred.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

/* One array of weights. */
struct deferred {
    struct archive *archive;
    struct array array; /* of rank 2 to 4 */
    float *data;
    size_t layer; /* SIZE_MAX: of all */
};

bool deferred_add(struct inputs *inputs, struct archive *archive, const struct array *array, float *data,
                  size_t layer, struct error *error)
{
    if (!memory_resize(&inputs->deferred, inputs->deferred_count + 1, sizeof *inputs->deferred, error))
        return false;
    inputs->deferred[inputs->deferred_count++] = (struct deferred){archive, *array, data, layer};
    return true;
}

size_t deferred_layers(const struct inputs *inputs)
{
    if (inputs->layer_count > 0 || inputs->deferred_count == 0)
        return inputs->layer_count;
    const struct array *array = &inputs->deferred[0].array;
    return array->rank == 4 ? array->shape[0] : 1;
}

static size_t heads_of(const struct array *array)
{
    return array->rank > 2 ? array->shape[array->rank - 3] : 1;
}

size_t deferred_heads(const struct inputs *inputs)
{
    size_t heads = inputs->deferred_count > 0 ? heads_of(&inputs->deferred[0].array) : 0;
    for (size_t i = 0; i < inputs->deferred_count; i++)
        if (heads_of(&inputs->deferred[i].array) != heads)
            heads = 0;
    return heads;
}

static bool is_chosen(const size_t *list, size_t count, size_t number)
{
    bool is = !list;
    for (size_t i = 0; !is && i < count; i++)
        is = list[i] == number;
    return is;
}

/* Loads the array, and compares its checksum where the file is small or all of it will be read. */
static bool fetch_load(struct deferred *from, struct error *error)
{
    struct archive *archive = from->archive;
    const bool in_parts = archive->in_parts && archive->sources[from->array.source].size >= ARCHIVE_SMALL;
    return archive_load(archive, &from->array, error) &&
           (in_parts || archive_verify(archive, &from->array, error));
}

/* Whether the tensor has the numbers where they lie in the file. */
static bool is_in_place(const struct deferred *from)
{
    return array_in_place(&from->array) == from->data;
}

/* The tensor that has these numbers. */
static struct tensor *tensor_with(struct inputs *inputs, const float *data)
{
    struct tensor *tensor = &inputs->all.tensor[INPUT_ATTENTION];
    for (size_t l = 0; l < inputs->layer_count && tensor->data != data; l++)
        tensor = &inputs->layers[l].tensor[INPUT_ATTENTION];
    return tensor->data == data ? tensor : NULL;
}

/* One matrix, of a slice of the first axis of four, and of a head. `tensor` is the one that has the numbers, or NULL. */
static bool fetch_matrix(const struct deferred *from, size_t slice, size_t head, struct tensor *tensor,
                         struct error *error)
{
    double value;
    size_t at;
    struct array matrix = from->array;
    if (is_in_place(from))
        return true;
    const size_t rows = matrix.shape[matrix.rank - 2], columns = matrix.shape[matrix.rank - 1];
    char index[48] = "...";
    if (matrix.rank == 4)
        snprintf(index, sizeof index, "%zu,%zu", slice, head);
    else if (matrix.rank == 3)
        snprintf(index, sizeof index, "%zu", head);
    if (!array_cut(&matrix, index, error))
        return false;
    float *to = from->data + (slice * heads_of(&from->array) + head) * rows * columns;
    array_widen(&matrix, to);
    if (tensor && array_too_large(&matrix, to, &value, &at))
        tensor->holds |= TENSOR_TOO_LARGE;
    return true;
}

static bool fetch(struct inputs *inputs, struct deferred *from, const struct deferred_choice *choice,
                  struct error *error)
{
    const bool has_slices = from->array.rank == 4;
    struct tensor *tensor = tensor_with(inputs, from->data);
    bool is_loaded = false;
    for (size_t s = 0; s < (has_slices ? from->array.shape[0] : 1); s++) {
        const size_t layer = from->layer == SIZE_MAX ? s : from->layer;
        if (!is_chosen(choice->layers, choice->layer_count, layer) && (has_slices || from->layer != SIZE_MAX))
            continue;
        if (!is_loaded && !fetch_load(from, error))
            return false;
        is_loaded = true;
        for (size_t h = 0; h < heads_of(&from->array); h++)
            if (is_chosen(choice->heads, choice->head_count, h) && !fetch_matrix(from, s, h, tensor, error))
                return false;
    }
    return true;
}

bool deferred_fetch_first(struct inputs *inputs, const float *data, struct error *error)
{
    bool ok = true;
    for (size_t i = 0; i < inputs->deferred_count; i++) {
        struct deferred *from = &inputs->deferred[i];
        if (from->data == data)
            ok = fetch_load(from, error) && fetch_matrix(from, 0, 0, NULL, error);
    }
    return ok;
}

bool deferred_fetch(struct inputs *inputs, const struct deferred_choice *choice, struct error *error)
{
    static const struct deferred_choice everything = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < inputs->deferred_count; i++)
        ok = fetch(inputs, &inputs->deferred[i], choice ? choice : &everything, error);
    free(inputs->deferred);
    inputs->deferred = NULL;
    inputs->deferred_count = 0;
    return ok;
}
