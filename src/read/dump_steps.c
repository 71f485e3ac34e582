#include "read/dump_steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "read/array_tensor.h"

static int compare_steps(const void *a, const void *b)
{
    const struct dump_step *left = a, *right = b;
    return (left->number > right->number) - (left->number < right->number);
}

/* Gives an array of one head its axis. */
static void add_heads_axis(struct array *array)
{
    if (array->rank != 2)
        return;
    memmove(array->shape + 1, array->shape, 2 * sizeof *array->shape);
    memmove(array->stride + 1, array->stride, 2 * sizeof *array->stride);
    array->rank = 3;
    array->shape[0] = 1;
    array->stride[0] = 1;
}

/* Whether several steps have the same keys: those of an encoder, or of a cache whose size is fixed. */
static bool share_keys(const struct dump_step *steps, size_t count)
{
    for (size_t s = 1; s < count; s++)
        if (steps[s].array.shape[2] != steps[0].array.shape[2])
            return false;
    return count > 1;
}

/* Whether the steps go together; *n: rows of all. */
static bool check_steps(const struct archive *archive, const struct dump_step *steps, size_t count,
                        bool is_cross, size_t *n, struct error *error)
{
    char shape[ARRAY_SHAPE_TEXT], before[ARRAY_SHAPE_TEXT];
    *n = 0;
    for (size_t s = 0; s < count; s++) {
        const struct array *array = &steps[s].array, *last = s > 0 ? &steps[s - 1].array : array;
        const size_t added = s > 0 ? array->shape[2] - last->shape[2] : array->shape[1];
        const bool fits = is_cross ? array->shape[2] == last->shape[2]
                                   : array->shape[2] >= last->shape[2] && added == array->shape[1] &&
                                         (s > 0 || array->shape[1] <= array->shape[2]);
        if (array->rank != 3 || array->shape[0] != last->shape[0] || !fits)
            return archive_error(
                archive, array, error, "step %zu is %s, behind %s: expected steps of a generation, which %s",
                steps[s].number, array_shape(array, shape), array_shape(last, before),
                is_cross ? "all have the keys of the encoder" : "add as many keys as they have rows");
        *n += array->shape[1];
    }
    return true;
}

/* Copies the rows of a step, of all heads, to row `first` on, and lets them attend to its keys. */
static bool put_step(struct archive *archive, const struct array *array, size_t first,
                     struct tensor *attention, struct tensor *mask, struct error *error)
{
    const size_t n = attention->shape[1], m = attention->shape[2], rows = array->shape[1],
                 keys = array->shape[2];
    struct tensor step = {0};
    if (!array_tensor(&step, archive, array, error))
        return false;
    for (size_t h = 0; h < array->shape[0]; h++)
        for (size_t r = 0; r < rows; r++)
            memcpy(attention->data + (h * n + first + r) * m, step.data + (h * rows + r) * keys,
                   keys * sizeof *step.data);
    for (size_t r = 0; mask->data && r < rows; r++)
        for (size_t j = 0; j < keys; j++)
            mask->data[(first + r) * m + j] = 1;
    tensor_free(&step);
    return true;
}

bool dump_steps_join(struct archive *archive, struct dump_step *steps, size_t count, bool is_cross,
                     struct tensor *attention, struct tensor *mask, struct error *error)
{
    size_t n, pairs, numbers;
    qsort(steps, count, sizeof *steps, compare_steps);
    for (size_t s = 0; s < count; s++)
        add_heads_axis(&steps[s].array);
    is_cross = is_cross || share_keys(steps, count);
    if (!check_steps(archive, steps, count, is_cross, &n, error))
        return false;
    const size_t heads = steps[0].array.shape[0], m = steps[count - 1].array.shape[2];
    *attention = (struct tensor){.rank = 3, .shape = {heads, n, m}, .holds = TENSOR_NUMBERS};
    *mask = (struct tensor){.rank = 2, .shape = {n, m}, .holds = TENSOR_NUMBERS, .true_attends = true};
    if (!array_place(&attention->place, archive, &steps[0].array, error))
        return false;
    mask->place = attention->place;
    if (!size_multiply(n, m, &pairs) || !size_multiply(pairs, heads, &numbers))
        return error_memory(error, SIZE_MAX);
    attention->data = memory_zeroed(numbers, sizeof *attention->data, error);
    mask->data = is_cross ? NULL : memory_zeroed(pairs, sizeof *mask->data, error);
    bool ok = attention->data && (mask->data || is_cross);
    for (size_t s = 0, first = 0; ok && s < count; first += steps[s++].array.shape[1])
        ok = put_step(archive, &steps[s].array, first, attention, mask, error);
    return ok;
}
