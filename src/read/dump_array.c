#include "read/dump_array.h"

#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "problem/deferred.h"
#include "read/array_tensor.h"
#include "read/inputs_put.h"
#include "read/json_masks.h"

/* Exchanges two axes. */
static void swap_axes(struct array *array, int a, int b)
{
    const size_t shape = array->shape[a];
    const ptrdiff_t stride = array->stride[a];
    array->shape[a] = array->shape[b];
    array->stride[a] = array->stride[b];
    array->shape[b] = shape;
    array->stride[b] = stride;
}

/* Leaves of an axis for a batch the sequence that is wanted, if one is. The array is loaded. */
static bool take_of_batch(const struct dump *dump, struct array *array, int axis, enum input input)
{
    char index[64];
    const size_t length = array->shape[axis], batch = dump->target->batch;
    if (!dump->target->has_batch)
        return true;
    if (batch >= length)
        return archive_error(dump->archive, array, dump->error,
                             "it has a batch of %zu: expected --batch below that", length);
    snprintf(index, sizeof index, "%s%zu", axis == 1 ? ":," : "", batch);
    dump->inputs->batch_size = length;
    dump->inputs->batch_is_taken[input] = true;
    return array_cut(array, index, dump->error);
}

bool dump_order_axes(const struct dump *dump, const struct dump_found *found, struct array *array)
{
    char shape[ARRAY_SHAPE_TEXT];
    const bool is_chosen = array->rank > 3 && dump->target->has_batch;
    if (is_chosen &&
        (!archive_load(dump->archive, array, dump->error) || !take_of_batch(dump, array, 0, found->input)))
        return false;
    if (array->rank > 3 && array->shape[0] != 1)
        return archive_error(
            dump->archive, array, dump->error,
            "its shape is %s, with a batch of %zu in front: expected one sequence, which --batch N chooses",
            array_shape(array, shape), array->shape[0]);
    if (array->rank > 3)
        array_drop_axis(array, 0);
    if (found->dump->heads_behind && array->rank == 3)
        swap_axes(array, 0, 1);
    return true;
}

bool dump_tensor(const struct dump *dump, struct tensor *tensor, const struct array *array, enum input input,
                 size_t layer)
{
    struct array deferred;
    if (input != INPUT_ATTENTION || array->rank < 2)
        return array_tensor(tensor, dump->archive, array, dump->error);
    return array_tensor_deferred(tensor, dump->archive, array, &deferred, dump->error) &&
           deferred_add(dump->inputs, dump->archive, &deferred, tensor->data, layer, dump->error);
}

bool dump_weigh_rows(struct tensor *tensor, struct error *error)
{
    const size_t columns = tensor->shape[tensor->rank - 1], count = tensor_count(tensor);
    float *weights = memory_alloc(count, sizeof *weights, error);
    if (!weights)
        return false;
    for (size_t first = 0; first < count; first += columns) {
        const float *scores = tensor->data + first;
        double most = -INFINITY, sum = 0;
        for (size_t j = 0; j < columns; j++)
            most = (double)scores[j] > most ? (double)scores[j] : most;
        for (size_t j = 0; j < columns; j++)
            sum += exp((double)scores[j] - most);
        for (size_t j = 0; j < columns; j++)
            weights[first + j] = most == -INFINITY ? 0 : (float)(exp((double)scores[j] - most) / sum);
    }
    tensor_replace(tensor, weights);
    return true;
}

bool dump_take_of_batch(const struct dump *dump, struct array *array, enum input input)
{
    return array->rank <= TENSOR_RANK_MAX ||
           (archive_load(dump->archive, array, dump->error) && take_of_batch(dump, array, 1, input));
}

/* Whether q has more heads than tokens: its axes may be tokens×heads×d. */
static void warn_exchanged(const struct dump *dump, const struct tensor *q)
{
    const size_t *shape = q->shape + (q->rank == 4);
    if (q->rank >= 3 && (q->rank == 3 || q->shape[0] == 1) && shape[0] > shape[1] && shape[1] > 1)
        warnings_add(
            dump->warnings,
            "%s is taken for %zu heads of %zu tokens; if it is %zu tokens of %zu heads, exchange these axes",
            q->place.file, shape[0], shape[1], shape[0], shape[1]);
}

/* What the note says of an array under a name of other software. */
static void note_other(const struct dump *dump, const char *file, const char *own)
{
    warnings_add(&dump->inputs->notes, "%s is taken for %s", file, own);
}

static bool dump_put_mask(const struct dump *dump, struct tensor *tensor, const struct dump_found *found)
{
    const char *file = tensor->place.file;
    enum input input;
    const struct json_mask mask = {
        tensor, dump_array(dump, found)->name, &dump->inputs->all, &input, dump->warnings, dump->error};
    if (!json_put_mask(&mask, found->other->sense))
        return false;
    note_other(dump, file, input_names[input]);
    return true;
}

bool dump_put_array(const struct dump *dump, const struct dump_found *found, const struct array *array)
{
    struct array whole = *array;
    struct tensor tensor = {0};
    bool ok = dump_take_of_batch(dump, &whole, found->input) &&
              dump_tensor(dump, &tensor, &whole, found->input, SIZE_MAX);
    const bool is_mask = found->other && found->other->sense >= NAME_KEEPS;
    if (ok && found->other && !is_mask)
        note_other(dump, tensor.place.file, found->other->own);
    if (ok && found->input == INPUT_Q)
        warn_exchanged(dump, &tensor);
    if (ok && found->other && found->other->sense == NAME_OUT_IN)
        tensor.is_out_in = true;
    if (ok && is_mask)
        ok = dump_put_mask(dump, &tensor, found);
    else
        ok = ok && inputs_put_tensor(&dump->inputs->all.tensor[found->input], &tensor,
                                     input_names[found->input], dump->error);
    tensor_free(&tensor);
    return ok;
}

bool dump_put_named(const struct dump *dump, const struct dump_found *found, const struct array *array)
{
    struct array own = *array;
    struct tensor tensor = {0};
    if (!found->dump)
        return dump_put_array(dump, found, array);
    const enum input input = found->dump->is_scores ? INPUT_COUNT : found->input;
    bool ok = dump_order_axes(dump, found, &own) && dump_tensor(dump, &tensor, &own, input, SIZE_MAX) &&
              (!found->dump->is_scores || dump_weigh_rows(&tensor, dump->error)) &&
              inputs_put_tensor(&dump->inputs->all.tensor[found->input], &tensor, input_names[found->input],
                                dump->error);
    tensor_free(&tensor);
    return ok;
}

bool dump_put_ids(const struct dump *dump)
{
    for (size_t i = 0; i < dump->count; i++) {
        struct tensor tensor = {0};
        if (!dump->list[i].is_ids || dump->target->what != READ_ANY)
            continue;
        const bool ok = array_tensor(&tensor, dump->archive, dump_array(dump, &dump->list[i]), dump->error) &&
                        inputs_put_ids(dump->inputs, &tensor, dump->error);
        tensor_free(&tensor);
        if (!ok)
            return false;
        dump->inputs->ids_are_tokens = !json_names_ids(dump_array(dump, &dump->list[i])->name);
    }
    return true;
}
