#include "read/array_tensor.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

bool array_place(struct place *place, struct archive *archive, const struct array *array, struct error *error)
{
    const char *file = archive->sources[array->source].name;
    *place = (struct place){.file = file};
    if (!array->name[0])
        return true;
    const size_t size = strlen(file) + strlen(array->name) + 2;
    char *text = archive_alloc(archive, size, 1, error);
    if (!text)
        return false;
    snprintf(text, size, "%s:%s", file, array->name);
    place->file = text;
    return true;
}

void array_drop_axis(struct array *array, int axis)
{
    for (int a = axis + 1; a < array->rank; a++) {
        array->shape[a - 1] = array->shape[a];
        array->stride[a - 1] = array->stride[a];
    }
    array->rank--;
}

/* Makes the rank one that a tensor may have. */
static void fit_rank(struct array *array)
{
    while (array->rank > TENSOR_RANK_MAX && (array->shape[0] == 1 || array->shape[1] == 1))
        array_drop_axis(array, array->shape[0] != 1);
    if (array->rank == 0) {
        array->rank = 1;
        array->shape[0] = 1;
        array->stride[0] = 1;
    }
}

/* The scales that stand beside an array of float8, by the names that compressed-tensors, DeepSeek and ComfyUI give them; NULL: none do. */
static const struct array *array_scales(const struct archive *archive, const struct array *array)
{
    static const char *const endings[] = {"_scale",        "_scale_inv",        ".scale",       ".scale_inv",
                                          ".weight_scale", ".weight_scale_inv", ".scale_weight"};
    const size_t length = strlen(array->name), weight = text_ends(array->name, ".weight") ? 7 : 0;
    const struct array *scales = NULL;
    char name[512];
    for (size_t i = 0; !scales && i < sizeof endings / sizeof *endings; i++)
        for (size_t cut = 0; !scales && cut <= weight && length < sizeof name - 32; cut += 7) {
            snprintf(name, sizeof name, "%.*s%s", (int)(length - cut), array->name, endings[i]);
            scales = archive_find(archive, name);
        }
    return scales;
}

bool array_check_scales(const struct archive *archive, const struct array *array, struct error *error)
{
    const struct array *scales = dtype_is_float8(array->dtype) ? array_scales(archive, array) : NULL;
    return !scales ||
           archive_error(archive, array, error,
                         "float8 numbers, which mean little without their scales, %s: expected them "
                         "dequantized, multiplied by these, as float32, float16 or bfloat16",
                         scales->name);
}

/* With `deferred` NULL all numbers are fetched. */
static bool tensor_of(struct tensor *tensor, struct archive *archive, const struct array *given,
                      struct array *deferred, struct error *error)
{
    struct array array = *given;
    struct place place;
    char shape[ARRAY_SHAPE_TEXT], unread[ARRAY_UNREAD_TEXT];
    size_t count;
    if (!dtype_kind(array.dtype)->widen) /* a format without other types says which it has */
        return archive_load(archive, &array, error) &&
               archive_error(archive, &array, error, "%s", array_unread(&array, unread));
    if (!array_check_scales(archive, &array, error))
        return false;
    fit_rank(&array);
    if (array.rank > TENSOR_RANK_MAX)
        return archive_error(archive, &array, error,
                             "its shape is %s: expected at most %d axes; --batch N chooses one of a batch",
                             array_shape(&array, shape), TENSOR_RANK_MAX);
    if (!array_count(&array, &count) || count == 0)
        return archive_error(archive, &array, error, "it is empty (%s): expected numbers",
                             array_shape(&array, shape));
    if (!array_place(&place, archive, &array, error) || (!deferred && !archive_load(archive, &array, error)))
        return false;
    const float *in_place = array_in_place(&array);
    const bool in_parts =
        in_place && archive->in_parts && archive->sources[array.source].size >= ARCHIVE_SMALL;
    if (!in_parts && !deferred && !archive_verify(archive, &array, error))
        return false;
    *tensor = (struct tensor){.rank = array.rank,
                              .holds = array.dtype == DTYPE_BOOL ? TENSOR_BOOLEANS : TENSOR_NUMBERS,
                              .place = place};
    for (int a = 0; a < array.rank; a++)
        tensor->shape[a] = array.shape[a];
    if (deferred)
        *deferred = array;
    if (in_place) {
        /* A mapped file is ours to write: the pages that are become copies. */
        memcpy(&tensor->data, &in_place, sizeof tensor->data);
        tensor->is_borrowed = true;
        return true;
    }
    /* Zeros are pages that nobody has touched. */
    tensor->data = deferred ? memory_zeroed(count, sizeof *tensor->data, error)
                            : memory_alloc(count, sizeof *tensor->data, error);
    if (!tensor->data)
        return false;
    if (deferred)
        return true;
    array_widen(&array, tensor->data);
    if (array_too_large(&array, tensor->data, &tensor->too_large, &tensor->too_large_at))
        tensor->holds |= TENSOR_TOO_LARGE;
    return true;
}

bool array_tensor(struct tensor *tensor, struct archive *archive, const struct array *array,
                  struct error *error)
{
    return tensor_of(tensor, archive, array, NULL, error);
}

bool array_tensor_deferred(struct tensor *tensor, struct archive *archive, const struct array *array,
                           struct array *deferred, struct error *error)
{
    *deferred = (struct array){0};
    return tensor_of(tensor, archive, array, deferred, error);
}

void array_warn_opaque(struct warnings *warnings, const char *file, const struct array *array, size_t *told)
{
    enum { NAMED = 4 };
    char unread[ARRAY_UNREAD_TEXT];
    if (*told < NAMED)
        warnings_add(warnings, "%s:%s: %s", file, array->name, array_unread(array, unread));
    else if (*told == NAMED)
        warnings_add(warnings, "%s: more of its arrays are records or pickled objects, which are not read",
                     file);
    (*told)++;
}
