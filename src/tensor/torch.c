/*
 * PyTorch's files, as torch.save writes them. From 1.6 on: a zip of NAME/data.pkl, a pickle, NAME/data/KEY, the bytes of a
 * storage each, and NAME/byteorder. Before, and by _use_new_zipfile_serialization=False: five pickles (a magic number, the
 * version, the machine, what was saved, the keys of its storages), and then of each storage how many numbers it has, in 8
 * bytes, and these, all little endian. Source: torch/serialization.py of PyTorch 1.13.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/text.h"
#include "tensor/format.h"
#include "tensor/pickle.h"
#include "tensor/torch_tensors.h"
#include "tensor/torch_walk.h"
#include "tensor/torch_write.h"
#include "tensor/zip.h"

static const bool is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

/* The magic number, 0x1950a86a20f9469cfc6c, as a pickle has it. */
static const char magic[] = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
enum { MAGIC_SIZE = sizeof magic - 1, MAGIC_WITHIN = 24, PROTOCOL = 1001 };

/* ---- the zip form ---- */

/* The member NAME/data.pkl, or SIZE_MAX: of any name without a further folder. */
static size_t zip_pickle(const struct unzip *unzip)
{
    for (size_t i = 0; i < unzip->count; i++) {
        const char *slash = strchr(unzip->members[i].name, '/');
        if (slash && strcmp(slash, "/data.pkl") == 0)
            return i;
    }
    return SIZE_MAX;
}

/* The member of that name beside another, or SIZE_MAX. False: no memory. */
static bool zip_beside(const struct torch *torch, size_t member, const char *name, size_t size, size_t *found,
                       struct error *error)
{
    const char *own = torch->unzip.members[member].name;
    char *whole = text_format("%.*s%.*s", (int)(strchr(own, '/') - own) + 1, own, (int)size, name);
    if (!whole)
        return error_memory(error, strlen(own) + size);
    *found = unzip_find(&torch->unzip, whole);
    free(whole);
    return true;
}

/* The bytes of a member, with their checksum compared: where they lie, or unpacked. */
static bool zip_bytes(struct archive *archive, struct torch *torch, size_t member, const char **data,
                      struct error *error)
{
    if (!unzip_in_place(&torch->unzip, member, data, error))
        return false;
    if (*data)
        return unzip_verify(&torch->unzip, member, error);
    const struct unzip_member *m = &torch->unzip.members[member];
    const size_t size = m->size;
    char *room =
        unzip_check(&torch->unzip, member, error) ? archive_unpack(archive, m->name, size, error) : NULL;
    *data = room;
    return room && unzip_read(&torch->unzip, member, room, size, error);
}

/* A program has its code beside what it saved. */
static bool zip_refuse_script(const struct torch *torch, size_t pickle, struct error *error)
{
    size_t constants;
    if (!zip_beside(torch, pickle, "constants.pkl", 13, &constants, error))
        return false;
    return constants == SIZE_MAX ||
           error_set(error, ERROR_INPUT,
                     "%s: a TorchScript program: expected a file of torch.save(model.state_dict(), …)",
                     torch->file);
}

/* Later versions say in which byte order they wrote. */
static bool zip_byte_order(struct torch *torch, size_t pickle, struct error *error)
{
    size_t member;
    char word[7] = "";
    if (!zip_beside(torch, pickle, "byteorder", 9, &member, error))
        return false;
    const size_t size = member == SIZE_MAX ? 0 : torch->unzip.members[member].size;
    if (size > 0 && size < sizeof word && !unzip_read(&torch->unzip, member, word, size, error))
        return false;
    const bool is_big = strcmp(word, "big") == 0;
    torch->swapped = is_big != is_big_endian;
    return member == SIZE_MAX || is_big || strcmp(word, "little") == 0 ||
           error_set(error, ERROR_INPUT, "%s:%s: an unknown byte order: expected little or big", torch->file,
                     torch->unzip.members[member].name);
}

/* Where a storage lies. */
static bool zip_storage(const struct archive *archive, struct torch *torch, size_t pickle,
                        struct torch_storage *storage, struct error *error)
{
    char name[100];
    const int size = snprintf(name, sizeof name, "data/%.*s",
                              (int)(storage->key_size < 80 ? storage->key_size : 80), storage->key);
    if (!zip_beside(torch, pickle, name, (size_t)size, &storage->member, error))
        return false;
    if (storage->member == SIZE_MAX)
        return error_set(error, ERROR_INPUT, "%s: has no member %s: expected a file that was copied whole",
                         torch->file, name);
    const struct unzip_member *member = &torch->unzip.members[storage->member];
    if (member->size < storage->bytes)
        return error_set(error, ERROR_INPUT, "%s:%s: has %zu bytes: expected at least %zu", torch->file,
                         member->name, member->size, storage->bytes);
    storage->is_found = true;
    if (!unzip_in_place(&torch->unzip, storage->member, &storage->data, error))
        return false;
    if (storage->data)
        storage->offset = (size_t)(storage->data - archive->sources[0].data);
    return true;
}

static bool zip_pickle_read(struct archive *archive, struct torch *torch, size_t pickle, struct error *error)
{
    const struct unzip_member *member = &torch->unzip.members[pickle];
    const char *data;
    if (!zip_bytes(archive, torch, pickle, &data, error))
        return false;
    char *where = text_format("%s:%s", torch->file, member->name);
    if (!where)
        return error_memory(error, strlen(torch->file) + strlen(member->name));
    const bool ok = pickle_read(&torch->pickle, data, member->size, 0, &torch_rules, where, error);
    free(where);
    return ok;
}

static bool zip_form_open(struct archive *archive, struct torch *torch, struct error *error)
{
    if (!unzip_open(&torch->unzip, &archive->sources[0], error))
        return false;
    /* torch.serialization.set_crc32_options(False), of PyTorch 2.6 and later. */
    torch->unzip.may_lack_crc = true;
    const size_t pickle = zip_pickle(&torch->unzip);
    if (pickle == SIZE_MAX)
        return error_set(error, ERROR_INPUT, "%s: a zip without NAME/data.pkl: expected a file of torch.save",
                         torch->file);
    if (!zip_refuse_script(torch, pickle, error) || !zip_byte_order(torch, pickle, error) ||
        !zip_pickle_read(archive, torch, pickle, error) || !torch_storages_list(torch, error))
        return false;
    for (size_t i = 0; i < torch->count; i++)
        if (!zip_storage(archive, torch, pickle, &torch->storages[i], error))
            return false;
    return true;
}

/* ---- the form before ---- */

/* Reads the pickle at *at into `pickle`, and moves *at behind it. */
static bool legacy_pickle(const struct source *source, size_t *at, struct pickle *pickle, struct error *error)
{
    const bool ok = pickle_read(pickle, source->data, source->size, *at, &torch_rules, source->name, error);
    *at = pickle->end;
    return ok;
}

/* The three pickles at the beginning; the third, of the machine, says nothing that matters: files are little endian. */
static bool legacy_begin(const struct source *source, size_t *at, struct error *error)
{
    for (int i = 0; i < 3; i++) {
        struct pickle pickle = {0};
        bool ok = legacy_pickle(source, at, &pickle, error);
        const struct pickle_value *root = ok ? &pickle.values[pickle.root] : NULL;
        if (ok && i == 1 && (root->kind != PICKLE_INTEGER || root->integer != PROTOCOL))
            ok = error_set(error, ERROR_INPUT, "%s: of an unknown version of torch.save: expected %d",
                           source->name, PROTOCOL);
        pickle_free(&pickle);
        if (!ok)
            return false;
    }
    return true;
}

/* The next storage in the file, of the key that is next in the list. */
static bool legacy_storage(const struct source *source, size_t *at, struct torch_storage *storage,
                           struct error *error)
{
    if (source->size - *at < 8)
        return error_set(error, ERROR_INPUT, "%s: ends at byte %zu: expected a storage", source->name, *at);
    const uint64_t count = little_endian(source->data + *at, 8);
    *at += 8;
    if (count != storage->bytes / storage->type_size)
        return error_set(error, ERROR_INPUT, "%s: a storage of %llu numbers at byte %zu: expected %zu",
                         source->name, (unsigned long long)count, *at - 8,
                         storage->bytes / storage->type_size);
    if (storage->bytes > source->size - *at)
        return error_set(error, ERROR_INPUT, "%s: a storage of %zu bytes at byte %zu: expected at most %zu",
                         source->name, storage->bytes, *at, source->size - *at);
    storage->is_found = true;
    storage->data = source->data + *at;
    storage->offset = *at;
    *at += storage->bytes;
    return true;
}

static bool legacy_storages(const struct source *source, size_t at, struct torch *torch,
                            const struct pickle *keys, struct error *error)
{
    const struct pickle_value *list = &keys->values[keys->root];
    for (uint32_t i = 0, cell = list->first; i < list->count; i++, cell = keys->cells[cell].next) {
        const struct pickle_value *key = &keys->values[keys->cells[cell].value];
        struct torch_storage *storage =
            key->kind == PICKLE_TEXT ? torch_storage_find(torch, key->data, key->size) : NULL;
        if (!storage || storage->is_found)
            return error_set(error, ERROR_INPUT,
                             "%s: a list of storages whose item %u is none: expected the keys of all",
                             source->name, i);
        if (!legacy_storage(source, &at, storage, error))
            return false;
    }
    for (size_t i = 0; i < torch->count; i++)
        if (!torch->storages[i].is_found)
            return error_set(error, ERROR_INPUT, "%s: lacks a storage: expected %zu", source->name,
                             torch->count);
    return true;
}

static bool legacy_form_open(struct archive *archive, struct torch *torch, struct error *error)
{
    const struct source *source = &archive->sources[0];
    struct pickle keys = {0};
    size_t at = 0;
    torch->swapped = is_big_endian;
    const bool ok = legacy_begin(source, &at, error) && legacy_pickle(source, &at, &torch->pickle, error) &&
                    torch_storages_list(torch, error) && legacy_pickle(source, &at, &keys, error) &&
                    legacy_storages(source, at, torch, &keys, error);
    pickle_free(&keys);
    return ok;
}

/* ---- the format ---- */

static bool is_legacy(const char *data, size_t size)
{
    const size_t within = size < MAGIC_WITHIN ? size : MAGIC_WITHIN;
    return size > 0 && data[0] == '\x80' && memmem(data, within, magic, MAGIC_SIZE);
}

static bool is_zip(const char *data, size_t size)
{
    return size >= 4 && memcmp(data, "PK\3\4", 4) == 0;
}

/* Whether it is a zip with a pickle of PyTorch's: arrays of NumPy's are in zips too, and those are not opened for it. */
static bool is_torch_zip(const char *data, size_t size)
{
    /* Only read. */
    const struct source source = {
        .name = (char *)(uintptr_t) "", .data = (char *)(uintptr_t)data, .size = size};
    struct unzip unzip = {0};
    struct error error = {0};
    const bool is_it = is_zip(data, size) && !unzip_begins(data, size, ".npy") &&
                       unzip_open(&unzip, &source, &error) && zip_pickle(&unzip) != SIZE_MAX;
    unzip_free(&unzip);
    return is_it;
}

static const char *const torch_endings[] = {".pt", ".pth", ".ckpt", ".bin", NULL};

static int torch_probe(const char *data, size_t size, const char *name)
{
    if (is_legacy(data, size) || is_torch_zip(data, size))
        return 2;
    /* Many other files end in .bin. */
    for (int i = 0; i < 3; i++)
        if (text_ends_caseless(name, torch_endings[i]))
            return 1;
    return 0;
}

static bool torch_open(struct archive *archive, struct error *error)
{
    const struct source *source = &archive->sources[0];
    struct torch *torch = memory_zeroed(1, sizeof *torch, error);
    if (!torch)
        return false;
    archive->state = torch;
    torch->file = source->name;
    const bool is_old = is_legacy(source->data, source->size);
    if (!is_old && !is_zip(source->data, source->size))
        return error_set(error, ERROR_INPUT, "%s: no file of PyTorch's: expected what torch.save writes",
                         source->name);
    return (is_old ? legacy_form_open(archive, torch, error) : zip_form_open(archive, torch, error)) &&
           torch_walk(archive, torch, error);
}

/* Of a compressed member: it is unpacked once, for all tensors in it. */
static bool torch_load(struct archive *archive, struct array *array, struct error *error)
{
    struct torch *torch = archive->state;
    struct torch_storage *storage = &torch->storages[array->member];
    if (!storage->data && !zip_bytes(archive, torch, storage->member, &storage->data, error))
        return false;
    array->data = storage->data + array->offset;
    return true;
}

static bool torch_verify(struct archive *archive, const struct array *array, size_t bytes,
                         struct error *error)
{
    struct torch *torch = archive->state;
    /* Arrays of NumPy's lie in the pickle, which was read whole; the form before has no checksums. */
    if (!torch->unzip.data || array->member == SIZE_MAX)
        return true;
    const struct torch_storage *storage = &torch->storages[array->member];
    return bytes < storage->bytes || unzip_verify(&torch->unzip, storage->member, error);
}

static void torch_close(struct archive *archive)
{
    struct torch *torch = archive->state;
    pickle_free(&torch->pickle);
    unzip_free(&torch->unzip);
    free(torch->storages);
    free(torch);
    archive->state = NULL;
}

const struct format format_torch = {
    .name = "torch",
    .what = "a file of PyTorch's",
    .endings = torch_endings,
    .probe = torch_probe,
    .open = torch_open,
    .load = torch_load,
    .verify = torch_verify,
    .close = torch_close,
    .holds = torch_holds,
    .write = torch_write,
};
