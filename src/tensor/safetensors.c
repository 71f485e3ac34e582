/*
 * safetensors: 8 bytes of length, a header in JSON, and the numbers of the arrays one after the other. Source: the README of
 * huggingface/safetensors and its checks (safetensors/src/tensor.rs, version 0.7): the header has at most 100 MB and begins
 * with a brace; the arrays fill the rest of the file without holes, overlaps or bytes behind them. Numbers are little
 * endian, rows last.
 *
 * A model in several files has a list of them, model.safetensors.index.json: {"weight_map": {NAME: FILE, …}}.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "tensor/array_write.h"
#include "tensor/format.h"
#include "tensor/strict_json.h"

enum { HEADER_MOST = 100000000 };

static const bool is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

/* Types as the header has them, in the order of safetensors' own list. Those of less than a byte, bare exponents, the
 * floats of 8 bits without a negative zero (FNUZ) and complex numbers are named and not read. */
static const struct {
    const char *name;
    enum dtype dtype;
    size_t bits;
} stored_types[] = {
    {"BOOL", DTYPE_BOOL, 8},
    {"F4", DTYPE_UNKNOWN, 4},
    {"F6_E2M3", DTYPE_UNKNOWN, 6},
    {"F6_E3M2", DTYPE_UNKNOWN, 6},
    {"U8", DTYPE_U8, 8},
    {"I8", DTYPE_I8, 8},
    {"F8_E5M2", DTYPE_F8_E5M2, 8},
    {"F8_E4M3", DTYPE_F8_E4M3, 8},
    {"F8_E8M0", DTYPE_UNKNOWN, 8},
    {"F8_E4M3FNUZ", DTYPE_UNKNOWN, 8},
    {"F8_E5M2FNUZ", DTYPE_UNKNOWN, 8},
    {"I16", DTYPE_I16, 16},
    {"U16", DTYPE_U16, 16},
    {"F16", DTYPE_F16, 16},
    {"BF16", DTYPE_BF16, 16},
    {"I32", DTYPE_I32, 32},
    {"U32", DTYPE_U32, 32},
    {"F32", DTYPE_F32, 32},
    {"C64", DTYPE_UNKNOWN, 64},
    {"F64", DTYPE_F64, 64},
    {"I64", DTYPE_I64, 64},
    {"U64", DTYPE_U64, 64},
};
enum { STORED_TYPES = sizeof stored_types / sizeof *stored_types };

/* ---- the header ---- */

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
    for (int t = 0; t < STORED_TYPES; t++)
        if (strcmp(stored_types[t].name, entry->type) == 0) {
            array->type = stored_types[t].name;
            array->dtype = stored_types[t].dtype;
            bits = stored_types[t].bits;
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

/* The length of the header, which stands in front of it. */
static uint64_t header_length(const char *data)
{
    uint64_t length = 0;
    for (int i = 8; i-- > 0;)
        length = length << 8 | (unsigned char)data[i];
    return length;
}

static bool file_open(struct archive *archive, size_t index, struct error *error)
{
    const struct source *source = &archive->sources[index];
    const size_t first = archive->count;
    if (source->size < 8)
        return error_set(error, ERROR_INPUT,
                         "%s: %zu bytes: expected the length of the header of safetensors", source->name,
                         source->size);
    const uint64_t length = header_length(source->data);
    if (length > HEADER_MOST || length > source->size - 8)
        return error_set(error, ERROR_INPUT,
                         "%s: a header of %llu bytes in a file of %zu: expected at most %d, and no more "
                         "than the file has",
                         source->name, (unsigned long long)length, source->size, HEADER_MOST);
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

/* ---- several files ---- */

/* The path of a file beside another. NULL, with an error, where its name leads elsewhere. */
static char *path_beside(const struct source *list, const char *file, struct error *error)
{
    if (!*file || strchr(file, '/') || strcmp(file, "..") == 0) {
        error_set(error, ERROR_INPUT, "%s: the file \"%.200s\": expected one in the same folder", list->name,
                  file);
        return NULL;
    }
    const char *slash = strrchr(list->name, '/');
    char *path = text_format("%.*s%s", slash ? (int)(slash - list->name) + 1 : 0, list->name, file);
    if (!path)
        error_memory(error, strlen(file) + 1);
    return path;
}

/* Opens a file of the list, unless it is open. *index: its place among the sources. */
static bool shard_open(struct archive *archive, const char *file, size_t *index, struct error *error)
{
    char *path = path_beside(&archive->sources[0], file, error);
    if (!path)
        return false;
    for (*index = 1; *index < archive->source_count; ++*index)
        if (strcmp(archive->sources[*index].name, path) == 0)
            break;
    const bool ok = *index < archive->source_count ||
                    (archive_add_source(archive, path, error) && file_open(archive, *index, error));
    free(path);
    return ok;
}

/* A list of files on its way: pairs of a name and its file, both owned. */
struct shard_list {
    char *(*pairs)[2];
    size_t count;
};

static void shard_list_free(struct shard_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->pairs[i][0]);
        free(list->pairs[i][1]);
    }
    free(list->pairs);
}

/* {"name": "file", …} */
static bool weight_map_read(struct strict_json *json, struct shard_list *list)
{
    if (!strict_json_expect(json, '{'))
        return false;
    if (strict_json_is(json, '}'))
        return true;
    do {
        const size_t count = list->count;
        const bool is_full = (count & (count - 1)) == 0; /* it doubles */
        if (is_full &&
            !memory_resize(&list->pairs, count == 0 ? 1 : 2 * count, sizeof *list->pairs, json->error))
            return false;
        char **pair = list->pairs[list->count++];
        pair[0] = strict_json_string(json);
        pair[1] = pair[0] && strict_json_expect(json, ':') ? strict_json_string(json) : NULL;
        if (!pair[1])
            return false;
    } while (strict_json_is(json, ','));
    return strict_json_expect(json, '}');
}

/* An entry of the list: the weight_map, or another, which is not looked at. */
static bool list_entry_read(struct strict_json *json, struct shard_list *list, bool *has_map)
{
    char *key = strict_json_string(json);
    const bool is_key = key, is_map = key && strcmp(key, "weight_map") == 0;
    free(key);
    if (!is_key || !strict_json_expect(json, ':'))
        return false;
    if (!is_map)
        return strict_json_skip(json);
    if (*has_map)
        return strict_json_error(json, "weight_map stands twice: expected it once");
    *has_map = true;
    return weight_map_read(json, list);
}

static bool shard_list_read(struct shard_list *list, const struct source *source, struct error *error)
{
    struct strict_json json = {source, source->data, source->data + source->size, "the list of files", error};
    bool has_map = false;
    if (!strict_json_expect(&json, '{'))
        return false;
    if (!strict_json_is(&json, '}')) {
        do
            if (!list_entry_read(&json, list, &has_map))
                return false;
        while (strict_json_is(&json, ','));
        if (!strict_json_expect(&json, '}'))
            return false;
    }
    return strict_json_end(&json) &&
           (has_map || error_set(error, ERROR_INPUT, "%s: no weight_map: expected one, of names and files",
                                 source->name));
}

/* Every name of the list is that of an array of its file, and every array of the files is in the list. */
static bool check_shards(const struct archive *archive, const struct shard_list *list, const size_t *sources,
                         bool *is_listed, struct error *error)
{
    const char *file = archive->sources[0].name;
    for (size_t i = 0; i < list->count; i++) {
        const char *name = list->pairs[i][0];
        const struct array *array = archive_find(archive, name);
        if (!array || array->source != sources[i])
            return error_set(error, ERROR_INPUT, "%s: %.200s is in %.200s: expected it there, and it is not",
                             file, name, list->pairs[i][1]);
        bool *listed = &is_listed[array - archive->arrays];
        if (*listed)
            return error_set(error, ERROR_INPUT, "%s: %.200s stands twice: expected it once", file, name);
        *listed = true;
    }
    for (size_t i = 0; i < archive->count; i++)
        if (!is_listed[i])
            return archive_error(archive, &archive->arrays[i], error,
                                 "is not in the weight_map of %s: expected all arrays of its files there",
                                 file);
    return true;
}

static bool shards_open(struct archive *archive, struct error *error)
{
    struct shard_list list = {0};
    bool ok = shard_list_read(&list, &archive->sources[0], error);
    size_t *sources = ok ? memory_alloc(list.count, sizeof *sources, error) : NULL;
    ok = sources;
    for (size_t i = 0; ok && i < list.count; i++)
        ok = shard_open(archive, list.pairs[i][1], &sources[i], error);
    bool *is_listed = ok ? memory_zeroed(archive->count, sizeof *is_listed, error) : NULL;
    ok = is_listed && check_shards(archive, &list, sources, is_listed, error);
    free(is_listed);
    free(sources);
    shard_list_free(&list);
    return ok;
}

/* ---- the format ---- */

static bool is_list(const char *name)
{
    return text_ends(name, ".safetensors.index.json");
}

static int safetensors_probe(const char *data, size_t size, const char *name)
{
    if (is_list(name))
        return 2;
    const int by_name = text_ends_caseless(name, ".safetensors");
    if (size < 10)
        return by_name;
    const uint64_t length = header_length(data);
    const bool is = length >= 2 && length <= HEADER_MOST && data[8] == '{';
    return is && (length <= size - 8 || by_name) ? 2 : by_name;
}

static bool safetensors_open(struct archive *archive, struct error *error)
{
    return is_list(archive->sources[0].name) ? shards_open(archive, error) : file_open(archive, 0, error);
}

/* The place of a type in the list; STORED_TYPES: none. */
static int stored_type(enum dtype dtype)
{
    int t = 0;
    while (t < STORED_TYPES && stored_types[t].dtype != dtype)
        t++;
    return t;
}

static enum dtype safetensors_holds(enum dtype dtype)
{
    return stored_type(dtype) < STORED_TYPES ? dtype : DTYPE_UNKNOWN;
}

/* Types from the end of the list on, so that wide numbers come first and all are aligned; then by name: as safetensors itself
 * orders them. */
static int compare_arrays(const void *a, const void *b)
{
    const struct array *const *left = a, *const *right = b;
    const int x = stored_type((*left)->dtype), y = stored_type((*right)->dtype);
    return x != y ? y - x : strcmp((*left)->name, (*right)->name);
}

static int compare_stored_names(const void *a, const void *b)
{
    const struct array *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

/* Names are keys of JSON, which differ. Sorts by them. */
static bool check_names(const struct array **sorted, size_t count, struct error *error)
{
    if (count > 0)
        qsort(sorted, count, sizeof *sorted, compare_stored_names);
    for (size_t i = 0; i < count; i++) {
        const char *name = sorted[i]->name;
        if (strcmp(name, "__metadata__") == 0 || !text_is_valid(name))
            return error_set(error, ERROR_USAGE,
                             "%s: an array of safetensors cannot have this name: expected text in UTF-8, and "
                             "not __metadata__",
                             name);
        if (i > 0 && strcmp(name, sorted[i - 1]->name) == 0)
            return error_set(error, ERROR_USAGE, "%s: two arrays have this name: expected names that differ",
                             name);
    }
    return true;
}

/* All but lists, as texts. */
static bool safetensors_keeps(const struct metadatum *metadatum)
{
    return metadatum->kind != METADATUM_LIST;
}

static void write_text(const struct metadatum *metadatum, struct out *out)
{
    const double real = metadatum->real;
    const long long integer = (long long)metadatum->integer;
    if (metadatum->kind == METADATUM_TEXT) {
        char *text = text_copy_part(metadatum->data, metadatum->size);
        out_quoted(out, text ? text : "");
        free(text);
        return;
    }
    out_char(out, '"');
    if (metadatum->kind == METADATUM_TRUTH)
        out_text(out, integer ? "true" : "false");
    else if (metadatum->kind == METADATUM_REAL && (double)(float)real == real)
        out_float(out, (float)real);
    else if (metadatum->kind == METADATUM_REAL)
        out_format(out, "%.17g", real);
    else if (metadatum->is_unsigned)
        out_format(out, "%llu", (unsigned long long)integer);
    else
        out_format(out, "%lld", integer);
    out_char(out, '"');
}

static void write_header(const struct array **sorted, size_t count, const struct metadatum *metadata,
                         size_t metadata_count, struct out *out)
{
    size_t offset = 0;
    bool any = false;
    out_char(out, '{');
    for (size_t i = 0; i < metadata_count; i++) {
        if (!safetensors_keeps(&metadata[i]))
            continue;
        out_text(out, any ? "," : "\"__metadata__\":{");
        any = true;
        out_quoted(out, metadata[i].key);
        out_char(out, ':');
        write_text(&metadata[i], out);
    }
    out_text(out, any ? "}" : "");
    for (size_t i = 0; i < count; i++) {
        const struct array *array = sorted[i];
        const int stored = stored_type(array->dtype);
        const char *type = stored < STORED_TYPES ? stored_types[stored].name : "";
        out_text(out, any || i > 0 ? "," : "");
        out_quoted(out, array->name);
        out_format(out, ":{\"dtype\":\"%s\",\"shape\":[", type);
        for (int a = 0; a < array->rank; a++)
            out_format(out, "%s%zu", a > 0 ? "," : "", array->shape[a]);
        out_format(out, "],\"data_offsets\":[%zu,%zu]}", offset, offset + array->bytes);
        offset += array->bytes;
    }
    out_char(out, '}');
    while (out->size % 8 != 0)
        out_char(out, ' ');
}

static bool safetensors_write_arrays(const struct array *arrays, size_t count,
                                     const struct metadatum *metadata, size_t metadata_count, struct out *out,
                                     struct error *error)
{
    const struct array **sorted = memory_alloc(count, sizeof *sorted, error);
    struct out header;
    if (!sorted)
        return false;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &arrays[i];
    if (!check_names(sorted, count, error)) {
        free(sorted);
        return false;
    }
    if (count > 0)
        qsort(sorted, count, sizeof *sorted, compare_arrays);
    out_begin(&header, -1, "");
    write_header(sorted, count, metadata, metadata_count, &header);
    bool ok = header.trouble == 0 || error_memory(error, header.size);
    for (size_t i = 0, length = header.size; ok && i < 8; i++, length >>= 8)
        out_char(out, (char)(length & 0xFF));
    if (ok)
        out_bytes(out, header.data, header.size);
    for (size_t i = 0; ok && i < count; i++)
        ok = array_write(sorted[i], out, error);
    out_free(&header);
    free(sorted);
    return ok;
}

static const char *const safetensors_endings[] = {".safetensors", ".safetensors.index.json", NULL};

const struct format format_safetensors = {.name = "safetensors",
                                          .what = "a file of safetensors",
                                          .endings = safetensors_endings,
                                          .probe = safetensors_probe,
                                          .open = safetensors_open,
                                          .keeps = safetensors_keeps,
                                          .holds = safetensors_holds,
                                          .write = safetensors_write_arrays};
