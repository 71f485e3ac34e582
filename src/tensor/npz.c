/*
 * NumPy's NPZ: a zip with a member NAME.npy for each array, stored or deflated. Source: numpy.savez in NumPy's documentation.
 */
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/memory.h"
#include "base/text.h"
#include "tensor/array_write.h"
#include "tensor/format.h"
#include "tensor/npy_header.h"
#include "tensor/zip.h"

/* A zip whose first member is an array; or any zip of that name, as the first may be another. */
static int npz_probe(const char *data, size_t size, const char *name)
{
    const int by_name = text_ends_caseless(name, ".npz");
    if (size < 30 || memcmp(data, "PK\3\4", 4) != 0)
        return size >= 4 && memcmp(data, "PK\5\6", 4) == 0 && by_name ? 2 : by_name;
    const size_t length = (unsigned char)data[26] | (size_t)(unsigned char)data[27] << 8;
    const bool is_array = length > 4 && size >= 30 + length && memcmp(data + 30 + length - 4, ".npy", 4) == 0;
    return is_array ? 2 : by_name;
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
    const size_t size = unzip->members[array->member].size;
    char *bytes = archive_alloc(archive, size, 1, error);
    if (!bytes || !unzip_read(unzip, array->member, bytes, size, error))
        return false;
    array->data = bytes + array->offset;
    return true;
}

static void npz_close(struct archive *archive)
{
    unzip_free(archive->state);
    free(archive->state);
    archive->state = NULL;
}

/* ---- writing ---- */

/* Says why a member was not added: what libzip does not take is a name that stands twice, or is no text. */
static void zip_refuse(zip_t *zip, const char *name, struct error *error)
{
    const int code = zip_error_code_zip(zip_get_error(zip));
    if (code == ZIP_ER_EXISTS || code == ZIP_ER_INVAL)
        error_set(error, ERROR_USAGE,
                  "%s: an array of NPZ cannot have this name (%s): expected names that differ, in UTF-8",
                  name, zip_strerror(zip));
}

/* Adds a member: the header, and the numbers of an array. */
static bool zip_put(zip_t *zip, const struct array *array, struct error *error)
{
    struct out out;
    out_begin(&out, -1, "");
    npy_header_write(array, &out);
    const bool ok = array_write(array, &out, error);
    char *name = text_format("%s.npy", array->name[0] ? array->name : "arr_0");
    char *bytes = ok && out.trouble == 0 && name ? malloc(out.size) : NULL;
    if (bytes)
        memcpy(bytes, out.data, out.size);
    zip_source_t *source = bytes ? zip_source_buffer(zip, bytes, out.size, 1) : NULL;
    const zip_int64_t index = source ? zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8) : -1;
    if (source && index < 0) {
        zip_refuse(zip, name, error);
        zip_source_free(source);
    } else if (!source) {
        free(bytes);
    }
    out_free(&out);
    free(name);
    /* As numpy.savez: stored, and of 1980, so that the same arrays are the same bytes. */
    return index >= 0 && zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
           zip_file_set_dostime(zip, (zip_uint64_t)index, 0, 1 << 5 | 1, 0) == 0;
}

/* Closes the zip, and copies what was made in memory. */
static bool zip_finish(zip_t *zip, zip_source_t *memory, struct out *out)
{
    char buffer[1 << 16];
    zip_int64_t count = -1;
    if (zip_close(zip) != 0) {
        zip_discard(zip);
        return false;
    }
    if (zip_source_open(memory) != 0)
        return false;
    while ((count = zip_source_read(memory, buffer, sizeof buffer)) > 0)
        out_bytes(out, buffer, (size_t)count);
    zip_source_close(memory);
    return count == 0;
}

static bool npz_write_arrays(const struct array *arrays, size_t count, const struct metadatum *metadata,
                             size_t metadata_count, struct out *out, struct error *error)
{
    (void)metadata, (void)metadata_count;
    if (count == 0) {
        /* The end of the directory alone (APPNOTE 6.3.10, 4.3.16): libzip leaves no file where there is no member. */
        static const char nothing[22] = "PK\5\6";
        out_bytes(out, nothing, sizeof nothing);
        return true;
    }
    zip_source_t *memory = zip_source_buffer_create(NULL, 0, 0, NULL);
    zip_t *zip = memory ? zip_open_from_source(memory, ZIP_CREATE | ZIP_TRUNCATE, NULL) : NULL;
    bool ok = zip;
    if (zip)
        zip_source_keep(memory);
    for (size_t i = 0; ok && i < count; i++)
        ok = zip_put(zip, &arrays[i], error);
    if (ok)
        ok = zip_finish(zip, memory, out);
    else if (zip)
        zip_discard(zip);
    if (memory)
        zip_source_free(memory);
    return ok || error_set(error, ERROR_SYSTEM, "could not make a zip of %zu arrays in memory", count);
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
                                  .close = npz_close,
                                  .holds = npz_holds,
                                  .write = npz_write_arrays};
