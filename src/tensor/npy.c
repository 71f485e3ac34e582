/*
 * NumPy's NPY: one array, which has no name. Versions 1.0 to 3.0. Source of the format: numpy.lib.format in NumPy's
 * documentation.
 */
#include <string.h>

#include "base/text.h"
#include "tensor/array_write.h"
#include "tensor/format.h"
#include "tensor/npy_header.h"

static int npy_probe(const char *data, size_t size, const char *name)
{
    return size >= 6 && memcmp(data, "\x93NUMPY", 6) == 0 ? 2 : text_ends_caseless(name, ".npy");
}

static bool npy_open(struct archive *archive, struct error *error)
{
    const struct source *source = &archive->sources[0];
    size_t begin;
    if (!archive_add(archive, "", 0, error) ||
        !npy_header_read(archive, 0, source->data, source->size, source->size, &begin, error))
        return false;
    archive->arrays[0].data = source->data + begin;
    archive->arrays[0].offset = begin;
    return true;
}

static enum dtype npy_holds(enum dtype dtype)
{
    const bool is_numpys = dtype >= DTYPE_BOOL && dtype <= DTYPE_F64 && dtype != DTYPE_BF16 &&
                           dtype != DTYPE_F8_E4M3 && dtype != DTYPE_F8_E5M2;
    return is_numpys ? dtype : DTYPE_UNKNOWN;
}

static bool npy_write_array(const struct array *arrays, size_t count, const struct metadatum *metadata,
                            size_t metadata_count, struct out *out, struct error *error)
{
    (void)metadata, (void)metadata_count;
    if (count != 1)
        return error_set(error, ERROR_USAGE,
                         "an NPY file holds one array, and there are %zu: expected one, or .npz", count);
    npy_header_write(&arrays[0], out);
    return array_write(&arrays[0], out, error);
}

static const char *const npy_endings[] = {".npy", NULL};

const struct format format_npy = {.name = "npy",
                                  .what = "a NumPy array",
                                  .endings = npy_endings,
                                  .probe = npy_probe,
                                  .open = npy_open,
                                  .holds = npy_holds,
                                  .write = npy_write_array};
