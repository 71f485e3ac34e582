/*
 * NumPy's NPZ: a zip with a member NAME.npy for each array, stored or deflated. Source: numpy.savez in NumPy's documentation.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "tensor/format.h"
#include "tensor/npy_header.h"
#include "tensor/zip.h"
#include "tensor/zip_write.h"

/* A zip whose first member is an array; or any zip of that name, as the first may be another. */
static int npz_probe(const char *data, size_t size, const char *name)
{
    const int by_name = text_ends_caseless(name, ".npz");
    const bool is_empty = size >= 4 && memcmp(data, "PK\5\6", 4) == 0;
    return unzip_begins(data, size, ".npy") || (is_empty && by_name) ? 2 : by_name;
}

/* Adds the array of a member, of which the header alone is read. */
static bool npz_add(struct archive *archive, size_t member, struct error *error)
{
    struct unzip *unzip = archive->state;
    const struct unzip_member *m = &unzip->members[member];
    const size_t most = m->size < NPY_HEADER_MOST ? m->size : NPY_HEADER_MOST;
    char header[NPY_HEADER_MOST];
    const char *data;
    size_t begin;
    struct array *array = archive_add(archive, m->name, strlen(m->name) - 4, error);
    if (!array)
        return false;
    array->member = member;
    if (!unzip_check(unzip, member, error) || !unzip_in_place(unzip, member, &data, error) ||
        (!data && !unzip_read(unzip, member, header, most, error)) ||
        !npy_header_read(archive, archive->count - 1, data ? data : header, data ? m->size : most, m->size,
                         &begin, error))
        return false;
    array = &archive->arrays[archive->count - 1];
    array->data = data ? data + begin : NULL;
    array->offset = begin;
    return true;
}

static bool npz_open(struct archive *archive, struct error *error)
{
    const struct source *source = &archive->sources[0];
    struct unzip *unzip = memory_zeroed(1, sizeof *unzip, error);
    archive->state = unzip;
    if (!unzip || !unzip_open(unzip, source, error))
        return false;
    for (size_t m = 0; m < unzip->count; m++)
        if (text_ends(unzip->members[m].name, ".npy") && !npz_add(archive, m, error))
            return false;
    return archive->count > 0 || unzip->count == 0 ||
           error_set(error, ERROR_INPUT, "%s: a zip without arrays: expected members NAME.npy", source->name);
}

static bool npz_load(struct archive *archive, struct array *array, struct error *error)
{
    struct unzip *unzip = archive->state;
    const struct unzip_member *member = &unzip->members[array->member];
    const size_t size = member->size;
    char *bytes = archive_unpack(archive, member->name, size, error);
    if (!bytes || !unzip_read(unzip, array->member, bytes, size, error))
        return false;
    array->data = bytes + array->offset;
    return true;
}

static bool npz_verify(struct archive *archive, const struct array *array, size_t bytes, struct error *error)
{
    struct unzip *unzip = archive->state;
    const size_t numbers = unzip->members[array->member].size - array->offset;
    return bytes < numbers || unzip_verify(unzip, array->member, error);
}

static void npz_close(struct archive *archive)
{
    unzip_free(archive->state);
    free(archive->state);
    archive->state = NULL;
}

/* ---- writing ---- */

static bool npz_put(struct zip_writer *zip, const struct array *array, struct error *error)
{
    struct out header;
    char *name = text_format("%s.npy", array->name[0] ? array->name : "arr_0");
    out_begin(&header, -1, "");
    npy_header_write(array, &header);
    const bool ok = (name || error_memory(error, strlen(array->name))) && out_finish(&header, error) &&
                    zip_write_array(zip, name, &header, array, error);
    out_free(&header);
    free(name);
    return ok;
}

static bool npz_write_arrays(const struct array *arrays, size_t count, const struct metadatum *metadata,
                             size_t metadata_count, struct out *out, struct error *error)
{
    struct zip_writer zip = {.out = out};
    bool ok = true;
    (void)metadata, (void)metadata_count;
    for (size_t i = 0; ok && i < count; i++)
        ok = npz_put(&zip, &arrays[i], error);
    ok = ok && zip_write_end(&zip, error);
    zip_write_free(&zip);
    return ok;
}

static enum dtype npz_holds(enum dtype dtype)
{
    return format_npy.holds(dtype);
}

static const char *const npz_endings[] = {".npz", NULL};

const struct format format_npz = {.name = "npz",
                                  .what = "a zip of NumPy arrays",
                                  .endings = npz_endings,
                                  .probe = npz_probe,
                                  .open = npz_open,
                                  .load = npz_load,
                                  .verify = npz_verify,
                                  .close = npz_close,
                                  .holds = npz_holds,
                                  .write = npz_write_arrays};
