#include "tensor/safetensors_header.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "tensor/safetensors_types.h"
#include "tensor/strict_json.h"

static const bool is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

/* A header on its way. */
struct header {
    struct strict_json json;
    struct archive *archive;
    size_t index;        /* of the source among those of the archive */
    const char *numbers; /* behind the header */
    size_t size;         /* of the numbers */
    struct error *error;
};

/* What an entry of the header says. */
struct header_entry {
    char *type;
    size_t shape[ARRAY_RANK_MAX], rank;
    size_t offsets[2], offset_count;
    bool has_shape, has_offsets;
};

static bool entry_key(struct header *h, const char *key, struct header_entry *entry)
{
    if (strcmp(key, "dtype") == 0 && !entry->type)
        return (entry->type = strict_json_string(&h->json)) != NULL;
    if (strcmp(key, "shape") == 0 && !entry->has_shape) {
        entry->has_shape = true;
        return strict_json_wholes(&h->json, entry->shape, ARRAY_RANK_MAX, &entry->rank);
    }
    if (strcmp(key, "data_offsets") == 0 && !entry->has_offsets) {
        entry->has_offsets = true;
        return strict_json_wholes(&h->json, entry->offsets, 2, &entry->offset_count);
    }
    return strict_json_error(&h->json, "expected dtype, shape and data_offsets, each once");
}

static bool entry_read(struct header *h, struct header_entry *entry)
{
    if (!strict_json_expect(&h->json, '{'))
        return false;
    do {
        char *key = strict_json_string(&h->json);
        const bool ok = key && strict_json_expect(&h->json, ':') && entry_key(h, key, entry);
        free(key);
        if (!ok)
            return false;
    } while (strict_json_is(&h->json, ','));
    return strict_json_expect(&h->json, '}') &&
           ((entry->type && entry->has_shape && entry->has_offsets && entry->offset_count == 2) ||
            strict_json_error(&h->json, "expected dtype, shape and two data_offsets"));
}

/* Adds the array of an entry, whose bytes must be those of its shape, within the file. */
static bool entry_add(struct header *h, const char *name, const struct header_entry *entry)
{
    char shape[ARRAY_SHAPE_TEXT];
    const struct array *other = archive_find(h->archive, name);
    if (other)
        return error_set(h->error, ERROR_INPUT, "%s:%s: this name stands twice, also in %s: expected it once",
                         h->json.source->name, name,
                         other->source == h->index ? "the same header"
                                                   : h->archive->sources[other->source].name);
    struct array *array = archive_add(h->archive, name, strlen(name), h->error);
    if (!array)
        return false;
    array->source = h->index;
    if (entry->rank > ARRAY_RANK_MAX)
        return archive_error(h->archive, array, h->error, "%zu axes: expected at most %d", entry->rank,
                             ARRAY_RANK_MAX);
    array->rank = (int)entry->rank;
    memcpy(array->shape, entry->shape, sizeof array->shape);
    size_t bits = 0, count, needed;
    for (int t = 0; t < SAFETENSORS_TYPES; t++)
        if (strcmp(safetensors_types[t].name, entry->type) == 0) {
            array->type = safetensors_types[t].name;
            array->dtype = safetensors_types[t].dtype;
            bits = safetensors_types[t].bits;
        }
    if (bits == 0)
        return archive_error(h->archive, array, h->error,
                             "numbers of the type %.60s: expected one of F32 F16 BF16 F64 "
                             "F8_E4M3 F8_E5M2, integers or BOOL",
                             entry->type);
    if (!array_pack(array) || !array_count(array, &count) || !size_multiply(count, bits, &needed) ||
        needed % 8 != 0)
        return archive_error(h->archive, array, h->error,
                             "its shape is %s: no whole number of bytes that a file has",
                             array_shape(array, shape));
    const size_t begin = entry->offsets[0], end = entry->offsets[1];
    if (begin > end || end > h->size || end - begin != needed / 8)
        return archive_error(
            h->archive, array, h->error,
            "bytes %zu to %zu of %zu: expected %zu of them, by its shape of %s and its type %s", begin, end,
            h->size, needed / 8, array_shape(array, shape), array->type);
    array->swapped = is_big_endian && bits > 8;
    array->bytes = needed / 8;
    array->data = h->numbers + begin;
    array->offset = (size_t)(array->data - h->json.source->data);
    return true;
}

/* {"key": "text", …} */
static bool header_metadata(struct header *h)
{
    if (!strict_json_expect(&h->json, '{'))
        return false;
    if (strict_json_is(&h->json, '}'))
        return true;
    do {
        char *key = strict_json_string(&h->json), *text = NULL;
        bool ok = key && strict_json_expect(&h->json, ':') && (text = strict_json_string(&h->json));
        struct metadatum *metadatum =
            ok ? archive_add_metadatum(h->archive, key, strlen(key), h->error) : NULL;
        const size_t size = text ? strlen(text) : 0;
        char *copy = metadatum ? archive_alloc(h->archive, size + 1, 1, h->error) : NULL;
        ok = copy;
        if (ok) {
            memcpy(copy, text, size + 1);
            metadatum->kind = METADATUM_TEXT;
            metadatum->data = copy;
            metadatum->size = metadatum->bytes = size;
        }
        free(key);
        free(text);
        if (!ok)
            return false;
    } while (strict_json_is(&h->json, ','));
    return strict_json_expect(&h->json, '}');
}

static bool entry_take(struct header *h)
{
    struct header_entry entry = {0};
    char *name = strict_json_string(&h->json);
    bool ok = name && strict_json_expect(&h->json, ':');
    if (ok && strcmp(name, "__metadata__") == 0)
        ok = header_metadata(h);
    else if (ok)
        ok = entry_read(h, &entry) && entry_add(h, name, &entry);
    free(entry.type);
    free(name);
    return ok;
}

static bool header_read(struct header *h)
{
    if (!strict_json_expect(&h->json, '{'))
        return false;
    if (strict_json_is(&h->json, '}'))
        return strict_json_end(&h->json);
    do
        if (!entry_take(h))
            return false;
    while (strict_json_is(&h->json, ','));
    return strict_json_expect(&h->json, '}') && strict_json_end(&h->json);
}

/* ---- no holes ---- */

static int compare_places(const void *a, const void *b)
{
    const struct array *const *left = a, *const *right = b;
    if ((*left)->data != (*right)->data)
        return (*left)->data < (*right)->data ? -1 : 1;
    return ((*left)->bytes > (*right)->bytes) - ((*left)->bytes < (*right)->bytes);
}

/* The arrays of a file, from `first` on, fill it to its end. */
static bool check_places(const struct header *h, size_t first)
{
    const size_t count = h->archive->count - first;
    const struct array **sorted = memory_alloc(count, sizeof *sorted, h->error);
    if (!sorted)
        return false;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &h->archive->arrays[first + i];
    if (count > 0)
        qsort(sorted, count, sizeof *sorted, compare_places);
    const char *end = h->numbers;
    bool ok = true;
    for (size_t i = 0; ok && i < count; end = sorted[i]->data + sorted[i]->bytes, i++)
        if (sorted[i]->data != end)
            ok = archive_error(
                h->archive, sorted[i], h->error,
                "begins at byte %zu of the numbers, and those before it end at byte %zu: expected no hole "
                "and no overlap",
                (size_t)(sorted[i]->data - h->numbers), (size_t)(end - h->numbers));
    free(sorted);
    if (ok && end != h->numbers + h->size)
        ok = error_set(h->error, ERROR_INPUT,
                       "%s: %zu bytes of numbers, of which the header names %zu: expected no more",
                       h->json.source->name, h->size, (size_t)(end - h->numbers));
    return ok;
}

bool safetensors_header_read(struct archive *archive, size_t index, struct error *error)
{
    const struct source *source = &archive->sources[index];
    const size_t first = archive->count;
    if (source->size < 8)
        return error_set(error, ERROR_INPUT,
                         "%s: %zu bytes: expected the length of the header of safetensors", source->name,
                         source->size);
    const uint64_t length = little_endian(source->data, 8);
    if (length > SAFETENSORS_HEADER_MOST || length > source->size - 8)
        return error_set(error, ERROR_INPUT,
                         "%s: a header of %llu bytes in a file of %zu: expected at most %d, and no more "
                         "than the file has",
                         source->name, (unsigned long long)length, source->size, SAFETENSORS_HEADER_MOST);
    const char *begin = source->data + 8, *end = begin + length;
    struct header h = {
        .json = {source, begin, end, "the header of safetensors", error},
        .archive = archive,
        .index = index,
        .numbers = end,
        .size = source->size - 8 - (size_t)length,
        .error = error,
    };
    if (begin == end || *begin != '{')
        return strict_json_error(&h.json, "expected {");
    return header_read(&h) && check_places(&h, first);
}
