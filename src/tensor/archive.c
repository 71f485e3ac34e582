#include "tensor/archive.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"
#include "tensor/format.h"

/* Makes room for one thing more in a list of `count` things that grows one by one: it doubles, as there may be 100,000 of
 * them. */
static bool archive_grow(void *list, size_t count, size_t size, struct error *error)
{
    const bool is_full = (count & (count - 1)) == 0;
    return !is_full || memory_resize(list, count == 0 ? 1 : 2 * count, size, error);
}

/* ---- archives ---- */

bool archive_add_source(struct archive *archive, const char *path, struct error *error)
{
    if (!memory_resize(&archive->sources, archive->source_count + 1, sizeof *archive->sources, error))
        return false;
    struct source *source = &archive->sources[archive->source_count++];
    *source = (struct source){0};
    return source_map(source, path, error);
}

/* Lists the arrays of the first source. */
static bool list_arrays(struct archive *archive, struct error *error)
{
    const struct source *source = &archive->sources[0];
    if (!archive->format)
        archive->format = format_of(source->data, source->size, source->name);
    if (!archive->format)
        return error_set(error, ERROR_INPUT, "%s: no file of named arrays: expected one of %s", source->name,
                         format_words);
    return archive->format->open(archive, error);
}

bool archive_open(struct archive *archive, const char *path, const struct format *format, struct error *error)
{
    *archive = (struct archive){.format = format};
    return archive_add_source(archive, path, error) && list_arrays(archive, error);
}

bool archive_open_source(struct archive *archive, struct source *source, const struct format *format,
                         struct error *error)
{
    *archive =
        (struct archive){.format = format, .sources = memory_alloc(1, sizeof *archive->sources, error)};
    if (!archive->sources) {
        source_free(source);
        return false;
    }
    archive->sources[0] = *source;
    archive->source_count = 1;
    *source = (struct source){0};
    return list_arrays(archive, error);
}

void archive_free(struct archive *archive)
{
    if (archive->format && archive->format->close && archive->state)
        archive->format->close(archive);
    for (size_t i = 0; i < archive->count; i++)
        free(archive->arrays[i].name);
    for (size_t i = 0; i < archive->metadata_count; i++)
        free(archive->metadata[i].key);
    for (size_t i = 0; i < archive->block_count; i++)
        free(archive->blocks[i]);
    for (size_t i = 0; i < archive->source_count; i++)
        source_free(&archive->sources[i]);
    free(archive->arrays);
    free(archive->metadata);
    free(archive->blocks);
    free(archive->slots);
    free(archive->sources);
    *archive = (struct archive){0};
}

bool archive_load(struct archive *archive, struct array *array, struct error *error)
{
    return array->data || !archive->format->load || archive->format->load(archive, array, error);
}

bool archive_verify(struct archive *archive, const struct array *array, struct error *error)
{
    const struct dtype_kind *kind = dtype_kind(array->dtype);
    size_t count;
    if (!archive->format || !archive->format->verify || !array_count(array, &count))
        return true;
    const bool is_small = archive->sources[array->source].size < ARCHIVE_SMALL;
    const bool is_text = array->dtype == DTYPE_UNKNOWN; /* its type says how long each is */
    const size_t bytes = is_text ? array->bytes : count / kind->count * kind->bytes;
    return archive->format->verify(archive, array, is_small ? SIZE_MAX : bytes, error);
}

/* ---- names ---- */

/* The slot that a name has, or would have. */
static size_t *name_slot(const struct archive *archive, const char *name)
{
    size_t i = hash_bytes(name, strlen(name)) & (archive->slot_count - 1);
    while (archive->slots[i] != SIZE_MAX && strcmp(archive->arrays[archive->slots[i]].name, name) != 0)
        i = (i + 1) & (archive->slot_count - 1);
    return &archive->slots[i];
}

/* Makes room for one name more: at most half of the slots are taken. */
static bool slots_grow(struct archive *archive, struct error *error)
{
    if (2 * (archive->count + 1) <= archive->slot_count)
        return true;
    const size_t count = archive->slot_count ? 2 * archive->slot_count : 64;
    if (!memory_resize(&archive->slots, count, sizeof *archive->slots, error))
        return false;
    archive->slot_count = count;
    memset(archive->slots, 0xff, count * sizeof *archive->slots);
    for (size_t i = 0; i < archive->count; i++)
        *name_slot(archive, archive->arrays[i].name) = i;
    return true;
}

struct array *archive_find(const struct archive *archive, const char *name)
{
    if (archive->slot_count == 0)
        return NULL;
    const size_t index = *name_slot(archive, name);
    return index == SIZE_MAX ? NULL : &archive->arrays[index];
}

/* Whether an array has the name with #number behind it; `*own` becomes that name. True without memory, when it is NULL. */
static bool name_is_taken(const struct archive *archive, const char *name, size_t length, size_t number,
                          char **own)
{
    free(*own);
    *own = text_format("%.*s#%zu", (int)length, name, number);
    return !*own || archive_find(archive, *own);
}

/* A name that no array has: the given one, or with #2, #3, … behind it. NULL without memory. The numbers in use follow each
 * other, so the next one is found by halving: a file may have one name 100,000 times. */
static char *name_new(const struct archive *archive, const char *name, size_t length)
{
    char *own = text_copy_part(name, length);
    if (!own || !archive_find(archive, own))
        return own;
    size_t taken = 1, end = 2;
    for (; own && name_is_taken(archive, name, length, end, &own); end *= 2)
        taken = end;
    while (own && end - taken > 1) {
        const size_t middle = taken + (end - taken) / 2;
        if (name_is_taken(archive, name, length, middle, &own))
            taken = middle;
        else
            end = middle;
    }
    if (own)
        (void)name_is_taken(archive, name, length, end, &own);
    return own;
}

/* ---- what formats add ---- */

struct array *archive_add(struct archive *archive, const char *name, size_t length, struct error *error)
{
    if (!slots_grow(archive, error) ||
        !archive_grow(&archive->arrays, archive->count, sizeof *archive->arrays, error))
        return NULL;
    char *own = name_new(archive, name, length);
    if (!own) {
        error_memory(error, length);
        return NULL;
    }
    struct array *array = &archive->arrays[archive->count];
    *array = (struct array){.name = own};
    *name_slot(archive, own) = archive->count++;
    return array;
}

struct metadatum *archive_add_metadatum(struct archive *archive, const char *key, size_t length,
                                        struct error *error)
{
    if (!archive_grow(&archive->metadata, archive->metadata_count, sizeof *archive->metadata, error))
        return NULL;
    struct metadatum *metadatum = &archive->metadata[archive->metadata_count];
    *metadatum = (struct metadatum){.key = text_copy_part(key, length)};
    if (!metadatum->key) {
        error_memory(error, length);
        return NULL;
    }
    archive->metadata_count++;
    return metadatum;
}

void *archive_alloc(struct archive *archive, size_t count, size_t size, struct error *error)
{
    if (!archive_grow(&archive->blocks, archive->block_count, sizeof *archive->blocks, error))
        return NULL;
    void *block = memory_alloc(count, size, error);
    if (block)
        archive->blocks[archive->block_count++] = block;
    return block;
}

void *archive_unpack(struct archive *archive, const char *member, size_t size, struct error *error)
{
    const size_t most = archive->unpack_most > 0 ? archive->unpack_most : memory_half();
    if (archive->unpacked > most || size > most - archive->unpacked) {
        error_set(error, ERROR_SYSTEM,
                  "%s:%s: unpacks to %zu MiB, and those before it to %zu MiB: expected at most %zu MiB in "
                  "all; stored "
                  "without compression it takes no memory",
                  archive->sources[0].name, member, size >> 20, archive->unpacked >> 20, most >> 20);
        return NULL;
    }
    void *block = archive_alloc(archive, size, 1, error);
    archive->unpacked += block ? size : 0;
    return block;
}

const struct metadatum *archive_metadatum(const struct archive *archive, const char *key)
{
    for (size_t i = 0; i < archive->metadata_count; i++)
        if (strcmp(archive->metadata[i].key, key) == 0)
            return &archive->metadata[i];
    return NULL;
}

bool archive_error(const struct archive *archive, const struct array *array, struct error *error,
                   const char *format, ...)
{
    char message[sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const char *file = archive->sources[array->source].name;
    if (array->name[0])
        return error_set(error, ERROR_INPUT, "%s:%s: %s", file, array->name, message);
    return error_set(error, ERROR_INPUT, "%s: %s", file, message);
}
