#include "tensor/torch_tensors.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Numbers that a view may have which are fewer in its storage: repeated by strides of 0, or overlapping. */
enum { REPEATED_MOST = 1 << 28 };

bool torch_error(const struct torch *torch, const char *name, struct error *error, const char *format, ...)
{
    char message[sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (name[0])
        return error_set(error, ERROR_INPUT, "%s:%s: %s", torch->file, name, message);
    return error_set(error, ERROR_INPUT, "%s: %s", torch->file, message);
}

/* ---- storages ---- */

static const struct pickle_value *value_of(const struct torch *torch, pickle_id value)
{
    return &torch->pickle.values[value];
}

static bool size_read(const struct torch *torch, pickle_id id, size_t *size)
{
    const struct pickle_value *value = value_of(torch, id);
    *size = (size_t)value->integer;
    return value->kind == PICKLE_INTEGER && value->integer >= 0;
}

/*
 * A storage is ('storage', class, key, location, count), where the class says the type of its numbers. Before 1.6 a part of
 * one has a sixth: (key of the part, first number, count), or None.
 */
static bool storage_describe(const struct torch *torch, pickle_id id, struct torch_storage *storage,
                             struct torch_part *part, struct error *error)
{
    const struct pickle *pickle = &torch->pickle;
    const struct pickle_value *value = value_of(torch, id);
    const pickle_id tuple = value->arguments;
    const struct pickle_value *word = value_of(torch, pickle_item(pickle, tuple, 0));
    const struct pickle_value *class = value_of(torch, pickle_item(pickle, tuple, 1));
    const struct pickle_value *key = value_of(torch, pickle_item(pickle, tuple, 2));
    size_t count;
    if (word->kind != PICKLE_TEXT || word->size != 7 || memcmp(word->data, "storage", 7) != 0 ||
        class->kind != PICKLE_NAME || class->name->what != TORCH_STORAGE || key->kind != PICKLE_TEXT ||
        !size_read(torch, pickle_item(pickle, tuple, 4), &count))
        return torch_error(
            torch, "", error,
            "a pickle that refers at byte %zu to what is no storage: expected ('storage', class, key, "
            "location, size)",
            value->at);
    *part = (struct torch_part){.type = &torch_types[class->name->detail], .count = count};
    *storage =
        (struct torch_storage){.key = key->data, .key_size = key->size, .type_size = part->type->bytes};
    if (!size_multiply(count, part->type->bytes, &storage->bytes))
        return torch_error(torch, "", error, "a storage of %zu numbers at byte %zu: expected fewer", count,
                           value->at);
    const pickle_id view = pickle_item(pickle, tuple, 5);
    if (value_of(torch, view)->kind == PICKLE_NONE)
        return true;
    if (!size_read(torch, pickle_item(pickle, view, 1), &part->first) ||
        !size_read(torch, pickle_item(pickle, view, 2), &part->count) || part->first > count ||
        part->count > count - part->first)
        return torch_error(torch, "", error,
                           "a part of a storage at byte %zu that lies outside: expected one of %zu numbers",
                           value->at, count);
    return true;
}

static int storage_compare(const void *a, const void *b)
{
    const struct torch_storage *one = a, *other = b;
    const size_t size = one->key_size < other->key_size ? one->key_size : other->key_size;
    const int order = memcmp(one->key, other->key, size);
    return order ? order : (one->key_size > other->key_size) - (one->key_size < other->key_size);
}

/* Leaves one of each key; the sizes of all must agree. */
static bool storages_unite(struct torch *torch, struct error *error)
{
    size_t kept = 0;
    for (size_t i = 0; i < torch->count; i++) {
        const struct torch_storage *storage = &torch->storages[i];
        const struct torch_storage *last = kept > 0 ? &torch->storages[kept - 1] : NULL;
        if (!last || storage_compare(last, storage) != 0)
            torch->storages[kept++] = *storage;
        else if (last->bytes != storage->bytes)
            return torch_error(torch, "", error, "storage %.*s has %zu and %zu bytes: expected one size",
                               (int)(storage->key_size < 99 ? storage->key_size : 99), storage->key,
                               last->bytes < storage->bytes ? last->bytes : storage->bytes,
                               last->bytes < storage->bytes ? storage->bytes : last->bytes);
    }
    torch->count = kept;
    return true;
}

bool torch_storages_list(struct torch *torch, struct error *error)
{
    const struct pickle *pickle = &torch->pickle;
    struct torch_part part;
    size_t count = 0;
    for (size_t i = 0; i < pickle->count; i++)
        count += pickle->values[i].kind == PICKLE_PERSISTENT;
    torch->storages = memory_zeroed(count, sizeof *torch->storages, error);
    if (!torch->storages)
        return false;
    for (size_t i = 0; i < pickle->count; i++)
        if (pickle->values[i].kind == PICKLE_PERSISTENT &&
            !storage_describe(torch, (pickle_id)i, &torch->storages[torch->count++], &part, error))
            return false;
    qsort(torch->storages, torch->count, sizeof *torch->storages, storage_compare);
    return storages_unite(torch, error);
}

struct torch_storage *torch_storage_find(const struct torch *torch, const char *key, size_t size)
{
    const struct torch_storage wanted = {.key = key, .key_size = size};
    return bsearch(&wanted, torch->storages, torch->count, sizeof wanted, storage_compare);
}

bool torch_part_read(const struct torch *torch, pickle_id value, struct torch_part *part, struct error *error)
{
    struct torch_storage storage;
    if (!storage_describe(torch, value, &storage, part, error))
        return false;
    part->storage = (size_t)(torch_storage_find(torch, storage.key, storage.key_size) - torch->storages);
    return true;
}

/* ---- tensors ---- */

bool torch_sizes_read(const struct torch *torch, pickle_id value, size_t sizes[ARRAY_RANK_MAX], size_t *count)
{
    const struct pickle *pickle = &torch->pickle;
    if (value_of(torch, value)->kind == PICKLE_CALL && value_of(torch, value)->name->what == TORCH_LIST)
        value = pickle_item(pickle, value_of(torch, value)->arguments, 0);
    const struct pickle_value *list = value_of(torch, value);
    *count = list->count;
    if ((list->kind != PICKLE_TUPLE && list->kind != PICKLE_LIST) || list->count > ARRAY_RANK_MAX)
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (!size_read(torch, pickle_item(pickle, value, i), &sizes[i]))
            return false;
    return true;
}

/* The number of the storage that lies behind all others of a view: false where it does not fit. */
static bool view_last(const struct array *array, const size_t *strides, size_t first, size_t *last)
{
    *last = first;
    for (int a = 0; a < array->rank; a++) {
        size_t way;
        if (!size_multiply(array->shape[a] - 1, strides[a], &way) || way > SIZE_MAX - *last)
            return false;
        *last += way;
    }
    return true;
}

/* Points an array, whose shape is set, to number `first` of a part of a storage. */
static void view_place(const struct torch *torch, const struct torch_part *part, size_t first,
                       struct array *array)
{
    const struct torch_storage *storage = &torch->storages[part->storage];
    const size_t start = (part->first + first) * part->type->bytes;
    array->type = part->type->name;
    array->dtype = part->type->dtype;
    array->swapped = torch->swapped && part->type->bytes > 1;
    array->data = storage->data ? storage->data + start : NULL;
    array->offset = storage->offset + start;
    array->member = part->storage;
}

/* Sets strides, after every number was found to lie within the part. An axis of one number has no way to go. */
static bool view_check(const struct torch *torch, const char *name, const struct torch_part *part,
                       struct array *array, const size_t *strides, size_t first, struct error *error)
{
    char shape[ARRAY_SHAPE_TEXT];
    size_t count, last;
    if (!array_count(array, &count))
        return torch_error(torch, name, error, "a tensor of %s: expected fewer numbers",
                           array_shape(array, shape));
    if (count == 0)
        return array_pack(array);
    if (!view_last(array, strides, first, &last) || last >= part->count)
        return torch_error(
            torch, name, error,
            "a tensor of %s, from number %zu on, leaves its storage: expected at most %zu numbers",
            array_shape(array, shape), first, part->count);
    if (count > part->count && count > REPEATED_MOST)
        return torch_error(
            torch, name, error,
            "a tensor of %s repeats %zu numbers: expected at most %d; in PyTorch, save what is not expanded",
            array_shape(array, shape), part->count, REPEATED_MOST);
    array->bytes = (count < part->count ? count : part->count) * part->type->bytes;
    for (int a = 0; a < array->rank; a++)
        array->stride[a] = array->shape[a] > 1 ? (ptrdiff_t)strides[a] : 0;
    return true;
}

/* Whether what PyTorch says beside a tensor, {"neg": True}, makes its numbers those of the storage with the other sign. */
static bool is_negated(const struct torch *torch, pickle_id metadata)
{
    const struct pickle *pickle = &torch->pickle;
    const struct pickle_value *dict = value_of(torch, metadata);
    if (dict->kind != PICKLE_DICT)
        return false;
    for (uint32_t i = 0, cell = dict->first; i + 1 < dict->count; i += 2) {
        const struct pickle_cell *key = &pickle->cells[cell], *item = &pickle->cells[key->next];
        const struct pickle_value *word = value_of(torch, key->value), *truth = value_of(torch, item->value);
        if (word->kind == PICKLE_TEXT && word->size == 3 && memcmp(word->data, "neg", 3) == 0)
            return truth->kind == PICKLE_TRUTH && truth->integer;
        cell = item->next;
    }
    return false;
}

/* (storage, offset, size, stride, …) of _rebuild_tensor and _v2, which has its metadata at 6; _v3 has the type there and metadata
 * at 7, and the storage is of bytes. */
bool torch_tensor_read(const struct torch *torch, int what, pickle_id arguments, const char *name,
                       struct array *array, struct error *error)
{
    const struct pickle *pickle = &torch->pickle;
    const pickle_id storage = pickle_item(pickle, arguments, 0);
    const struct pickle_value *type = value_of(torch, pickle_item(pickle, arguments, 6));
    size_t first, rank, strides[ARRAY_RANK_MAX], stride_count;
    struct torch_part part;
    *array = (struct array){.rank = 0};
    if (value_of(torch, storage)->kind != PICKLE_PERSISTENT)
        return torch_error(torch, name, error, "a tensor without a storage: expected one");
    if (is_negated(torch, pickle_item(pickle, arguments, what == TORCH_TENSOR_V3 ? 7 : 6)))
        return torch_error(torch, name, error,
                           "a view of negated numbers: expected them as they are; in PyTorch, save "
                           "tensor.resolve_neg() instead");
    if (!torch_part_read(torch, storage, &part, error))
        return false;
    if (what == TORCH_TENSOR_V3) {
        if (type->kind != PICKLE_NAME || type->name->what != TORCH_TYPE || part.first != 0)
            return torch_error(torch, name, error, "a tensor without a type: expected one");
        part.count = part.count * part.type->bytes / torch_types[type->name->detail].bytes;
        part.type = &torch_types[type->name->detail];
    }
    if (!torch_sizes_read(torch, pickle_item(pickle, arguments, 2), array->shape, &rank) ||
        !torch_sizes_read(torch, pickle_item(pickle, arguments, 3), strides, &stride_count) ||
        rank != stride_count || !size_read(torch, pickle_item(pickle, arguments, 1), &first))
        return torch_error(torch, name, error,
                           "a tensor without size, strides and offset: expected at most %d axes",
                           ARRAY_RANK_MAX);
    array->rank = (int)rank;
    if (!view_check(torch, name, &part, array, strides, first, error))
        return false;
    view_place(torch, &part, array->bytes > 0 ? first : 0, array);
    return true;
}

bool torch_storage_read(const struct torch *torch, pickle_id value, struct array *array, struct error *error)
{
    struct torch_part part;
    if (!torch_part_read(torch, value, &part, error))
        return false;
    *array = (struct array){
        .rank = 1, .shape = {part.count}, .stride = {1}, .bytes = part.count * part.type->bytes};
    view_place(torch, &part, 0, array);
    return true;
}
