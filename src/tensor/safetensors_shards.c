#include "tensor/safetensors_shards.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "tensor/safetensors_header.h"
#include "tensor/strict_json.h"

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
    const bool ok = *index < archive->source_count || (archive_add_source(archive, path, error) &&
                                                       safetensors_header_read(archive, *index, error));
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

bool safetensors_shards_open(struct archive *archive, struct error *error)
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
