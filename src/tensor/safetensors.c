/*
 * safetensors: 8 bytes of length, a header in JSON, and the numbers of the arrays one after the other. Source: the README of
 * huggingface/safetensors and its checks (safetensors/src/tensor.rs, version 0.6): the header has at most 100 MB and begins
 * with a brace; the arrays fill the rest of the file without holes, overlaps or bytes behind them. Numbers are little
 * endian, rows last.
 *
 * A model in several files has a list of them, model.safetensors.index.json: {"weight_map": {NAME: FILE, …}}.
 */
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "tensor/array_write.h"
#include "tensor/format.h"

enum { HEADER_MOST = 100000000 };

static const bool is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

/* Types as the header has them. Those of less than a byte, and of 8 bits with an exponent, are named and not read. */
static const struct {
    const char *name;
    enum dtype dtype;
    size_t bits;
} stored_types[] = {
    {"BOOL", DTYPE_BOOL, 8},       {"I8", DTYPE_I8, 8},           {"U8", DTYPE_U8, 8},
    {"I16", DTYPE_I16, 16},        {"U16", DTYPE_U16, 16},        {"I32", DTYPE_I32, 32},
    {"U32", DTYPE_U32, 32},        {"I64", DTYPE_I64, 64},        {"U64", DTYPE_U64, 64},
    {"F16", DTYPE_F16, 16},        {"BF16", DTYPE_BF16, 16},      {"F32", DTYPE_F32, 32},
    {"F64", DTYPE_F64, 64},        {"F8_E4M3", DTYPE_UNKNOWN, 8}, {"F8_E5M2", DTYPE_UNKNOWN, 8},
    {"F8_E8M0", DTYPE_UNKNOWN, 8}, {"F4", DTYPE_UNKNOWN, 4},      {"F6_E2M3", DTYPE_UNKNOWN, 6},
    {"F6_E3M2", DTYPE_UNKNOWN, 6}, {"C64", DTYPE_UNKNOWN, 64},
};
enum { STORED_TYPES = sizeof stored_types / sizeof *stored_types };

/* ---- the header: strict JSON of one form ---- */

/* A header on its way. */
struct header {
    struct archive *archive;
    const struct source *source;
    size_t index; /* of the source among those of the archive */
    const char *at, *end;
    const char *numbers; /* behind the header */
    size_t size;         /* of the numbers */
    struct error *error;
};

static bool header_error(const struct header *h, const char *what)
{
    return error_set(h->error, ERROR_INPUT, "%s: byte %zu of the header of safetensors: %s", h->source->name,
                     (size_t)(h->at - h->source->data), what);
}

static void header_blanks(struct header *h)
{
    while (h->at < h->end && strchr(" \t\r\n", *h->at) && *h->at)
        h->at++;
}

static bool header_is(struct header *h, char c)
{
    header_blanks(h);
    const bool is = h->at < h->end && *h->at == c;
    h->at += is;
    return is;
}

static bool header_expect(struct header *h, char c)
{
    char what[32];
    snprintf(what, sizeof what, "expected %c", c);
    return header_is(h, c) || header_error(h, what);
}

/* A string of JSON, decoded; the caller frees it. */
static char *header_string(struct header *h)
{
    header_blanks(h);
    const char *start = h->at, *at = h->at + 1;
    if (h->at >= h->end || *start != '"') {
        header_error(h, "expected a string");
        return NULL;
    }
    bool has_escape = false;
    for (; at < h->end && *at != '"'; at++) {
        if ((unsigned char)*at < ' ')
            break;
        if (*at == '\\' && at + 1 < h->end) {
            has_escape = true;
            at++;
        }
    }
    if (at >= h->end || *at != '"' ||
        text_valid_length(start, (size_t)(at - start)) != (size_t)(at - start)) {
        header_error(h, "expected a string of UTF-8 that ends");
        return NULL;
    }
    char *text = NULL;
    if (has_escape) {
        cJSON *item = cJSON_ParseWithLength(start, (size_t)(at - start) + 1);
        if (cJSON_IsString(item))
            text = text_copy(item->valuestring);
        cJSON_Delete(item);
        if (!text)
            header_error(h, "expected a string whose escapes are those of JSON");
    } else {
        text = text_copy_part(start + 1, (size_t)(at - start) - 1);
        if (!text)
            error_memory(h->error, (size_t)(at - start));
    }
    h->at = at + 1;
    return text;
}

/* A whole number from 0 on. */
static bool header_number(struct header *h, size_t *number)
{
    header_blanks(h);
    const char *start = h->at;
    *number = 0;
    for (; h->at < h->end && *h->at >= '0' && *h->at <= '9'; h->at++)
        if (!size_multiply(*number, 10, number) ||
            __builtin_add_overflow(*number, (size_t)(*h->at - '0'), number))
            return header_error(h, "a number that no file needs: expected a smaller one");
    if (h->at == start || (*start == '0' && h->at - start > 1))
        return header_error(h, "expected a whole number");
    return true;
}

/* A list of whole numbers, of which `most` are kept; *count: how many there are. */
static bool header_list(struct header *h, size_t *list, size_t most, size_t *count)
{
    *count = 0;
    if (!header_expect(h, '['))
        return false;
    if (header_is(h, ']'))
        return true;
    do {
        size_t number;
        if (!header_number(h, &number))
            return false;
        if (*count < most)
            list[*count] = number;
        ++*count;
    } while (header_is(h, ','));
    return header_expect(h, ']');
}

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
        return (entry->type = header_string(h)) != NULL;
    if (strcmp(key, "shape") == 0 && !entry->has_shape) {
        entry->has_shape = true;
        return header_list(h, entry->shape, ARRAY_RANK_MAX, &entry->rank);
    }
    if (strcmp(key, "data_offsets") == 0 && !entry->has_offsets) {
        entry->has_offsets = true;
        return header_list(h, entry->offsets, 2, &entry->offset_count);
    }
    return header_error(h, "expected dtype, shape and data_offsets, each once");
}

static bool entry_read(struct header *h, struct header_entry *entry)
{
    if (!header_expect(h, '{'))
        return false;
    do {
        char *key = header_string(h);
        const bool ok = key && header_expect(h, ':') && entry_key(h, key, entry);
        free(key);
        if (!ok)
            return false;
    } while (header_is(h, ','));
    return header_expect(h, '}') &&
           ((entry->type && entry->has_shape && entry->has_offsets && entry->offset_count == 2) ||
            header_error(h, "expected dtype, shape and two data_offsets"));
}

/* Adds the array of an entry, whose bytes must be those of its shape, within the file. */
static bool entry_add(struct header *h, const char *name, const struct header_entry *entry)
{
    char shape[ARRAY_SHAPE_TEXT];
    if (archive_find(h->archive, name))
        return error_set(h->error, ERROR_INPUT,
                         "%s:%s: this name stands twice in the header: expected it once", h->source->name,
                         name);
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
                             "numbers of the type %.60s: expected one of F32 F16 BF16 F64, "
                             "integers or BOOL",
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
    array->offset = (size_t)(array->data - h->source->data);
    return true;
}

/* {"key": "text", …} */
static bool header_metadata(struct header *h)
{
    if (!header_expect(h, '{'))
        return false;
    if (header_is(h, '}'))
        return true;
    do {
        char *key = header_string(h), *text = NULL;
        bool ok = key && header_expect(h, ':') && (text = header_string(h));
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
    } while (header_is(h, ','));
    return header_expect(h, '}');
}

static bool entry_take(struct header *h)
{
    struct header_entry entry = {0};
    char *name = header_string(h);
    bool ok = name && header_expect(h, ':');
    if (ok && strcmp(name, "__metadata__") == 0)
        ok = header_metadata(h);
    else if (ok)
        ok = entry_read(h, &entry) && entry_add(h, name, &entry);
    free(entry.type);
    free(name);
    return ok;
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
                       h->source->name, h->size, (size_t)(end - h->numbers));
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
    struct header h = {.archive = archive,
                       .source = source,
                       .index = index,
                       .at = source->data + 8,
                       .end = source->data + 8 + length,
                       .error = error};
    h.numbers = h.end;
    h.size = source->size - 8 - (size_t)length;
    if (h.at == h.end || *h.at != '{')
        return header_error(&h, "expected {");
    h.at++;
    if (!header_is(&h, '}')) {
        do
            if (!entry_take(&h))
                return false;
        while (header_is(&h, ','));
        if (!header_expect(&h, '}'))
            return false;
    }
    header_blanks(&h);
    if (h.at != h.end)
        return header_error(&h, "expected nothing behind the brace that ends it");
    return check_places(&h, first);
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
static bool open_shard(struct archive *archive, const char *file, size_t *index, struct error *error)
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

static bool open_shards(struct archive *archive, struct error *error)
{
    const struct source *source = &archive->sources[0];
    cJSON *root = source->size <= HEADER_MOST ? cJSON_ParseWithLength(source->data, source->size) : NULL;
    const cJSON *map = cJSON_GetObjectItemCaseSensitive(root, "weight_map");
    bool ok =
        cJSON_IsObject(map) ||
        error_set(error, ERROR_INPUT, "%s: no weight_map: expected one, of names and files", source->name);
    for (const cJSON *entry = ok ? map->child : NULL; ok && entry; entry = entry->next) {
        size_t index;
        const struct array *array;
        ok = cJSON_IsString(entry) || error_set(error, ERROR_INPUT, "%s: %.200s: expected the name of a file",
                                                archive->sources[0].name, entry->string);
        ok = ok && open_shard(archive, entry->valuestring, &index, error);
        if (ok && (!(array = archive_find(archive, entry->string)) || array->source != index))
            ok = error_set(error, ERROR_INPUT, "%s: %.200s is in %.200s: expected it there, and it is not",
                           archive->sources[0].name, entry->string, entry->valuestring);
    }
    cJSON_Delete(root);
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
    if (size < 10)
        return 0;
    const uint64_t length = header_length(data);
    const bool is = length >= 2 && length <= HEADER_MOST && data[8] == '{';
    return is && (length <= size - 8 || text_ends_caseless(name, ".safetensors")) ? 2
           : text_ends_caseless(name, ".safetensors")                             ? 1
                                                                                  : 0;
}

static bool safetensors_open(struct archive *archive, struct error *error)
{
    return is_list(archive->sources[0].name) ? open_shards(archive, error) : file_open(archive, 0, error);
}

static enum dtype safetensors_holds(enum dtype dtype)
{
    for (int t = 0; t < STORED_TYPES; t++)
        if (stored_types[t].dtype == dtype && dtype != DTYPE_UNKNOWN)
            return dtype;
    return DTYPE_UNKNOWN;
}

/* Wide numbers first, so that all are aligned; then by name: as safetensors itself orders them. */
static int compare_arrays(const void *a, const void *b)
{
    const struct array *const *left = a, *const *right = b;
    const size_t x = dtype_kind((*left)->dtype)->bytes, y = dtype_kind((*right)->dtype)->bytes;
    return x != y ? (x < y ? 1 : -1) : strcmp((*left)->name, (*right)->name);
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
        const char *type = "";
        for (int t = 0; t < STORED_TYPES; t++)
            if (stored_types[t].dtype == array->dtype)
                type = stored_types[t].name;
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
