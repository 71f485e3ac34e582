#include "read/dump_bare.h"

#include <stdint.h>

#include "problem/deferred.h"
#include "read/dump_array.h"
#include "read/dump_keep.h"
#include "read/inputs_put.h"
#include "read/json_names.h"
#include "tensor/format.h"

/* *is: whether no number of the first matrix is below 0. The others are not read before they are wanted. */
static bool is_positive(const struct dump *dump, const struct tensor *tensor, bool *is)
{
    const size_t count = tensor->shape[tensor->rank - 1] * tensor->shape[tensor->rank - 2];
    float least = 0;
    if (!deferred_fetch_first(dump->inputs, tensor->data, dump->error))
        return false;
    for (size_t i = 0; i < count; i++)
        least = tensor->data[i] < least ? tensor->data[i] : least;
    *is = least >= 0;
    return true;
}

/* Whether the name of an array, or that of its file, says that it holds weights. */
static bool is_called_weights(const struct dump *dump, const struct array *array)
{
    return json_names_weights(dump_file(dump)) || json_names_weights(array->name);
}

/* What says that a single array is one thing or the other. */
static bool refuse_bare(const struct dump *dump, const struct array *array, struct error *error)
{
    char shape[ARRAY_SHAPE_TEXT];
    const char *path = dump_path(dump), *name = array->name, *colon = name[0] ? ":" : "";
    /* One sequence of a batch, as models give their hidden states. */
    if (array->rank == 3 && array->shape[0] == 1 && array->shape[1] != array->shape[2])
        return archive_error(
            dump->archive, array, error,
            "its shape is %s, and it may be embeddings, weights or queries: expected it by --embeddings "
            "%s%s%s, --attention or --q",
            array_shape(array, shape), path, colon, name);
    return archive_error(
        dump->archive, array, error,
        "its shape is %s, and it may be weights or queries: expected it by --attention %s%s%s or "
        "--q %s%s%s",
        array_shape(array, shape), path, colon, name, path, colon, name);
}

bool dump_put_bare(const struct dump *dump, const struct array *bare)
{
    struct array whole = *bare, *array = &whole;
    struct tensor tensor = {0};
    const bool of_pairs = dump_has_matrix_axes(array);
    const enum input input = of_pairs ? INPUT_ATTENTION : INPUT_EMBEDDINGS;
    bool is_weights = of_pairs && is_called_weights(dump, array);
    bool ok = dump_take_of_batch(dump, array, input) &&
              dump_tensor(dump, &tensor, array, is_weights ? input : INPUT_COUNT, SIZE_MAX) &&
              (!is_weights || is_positive(dump, &tensor, &is_weights));
    if (ok && of_pairs && !is_weights)
        ok = refuse_bare(dump, array, dump->error);
    if (ok && of_pairs)
        warnings_add(&dump->inputs->notes, "%s is taken for attention, by its name", tensor.place.file);
    ok = ok && inputs_put_tensor(&dump->inputs->all.tensor[input], &tensor, input_names[input], dump->error);
    if (ok && !of_pairs)
        inputs_warn_weights(&dump->inputs->all.tensor[input], dump->warnings);
    tensor_free(&tensor);
    return ok;
}

bool dump_plan_bare(const struct dump *dump, struct dump_reading *reading, struct warnings *warnings)
{
    struct array *array = &dump->archive->arrays[0];
    struct error refused = {0};
    char unread[ARRAY_UNREAD_TEXT];
    bool negative = false;
    *reading =
        (struct dump_reading){.input = INPUT_COUNT, .layer = SIZE_MAX, .step = SIZE_MAX, .is_bare = true};
    if (!dtype_kind(array->dtype)->widen)
        warnings_add(warnings, "%s", array_unread(array, unread));
    else if (!dump_has_matrix_axes(array))
        reading->input = INPUT_EMBEDDINGS;
    else if (is_called_weights(dump, array) && dump->reads_numbers &&
             !dump_is_negative(dump, array, &negative))
        return false;
    else if (is_called_weights(dump, array) && !negative)
        reading->input = INPUT_ATTENTION;
    else if (!refuse_bare(dump, array, &refused))
        warnings_add(warnings, "%s", refused.message);
    return true;
}
