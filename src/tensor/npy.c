/*
 * NumPy's NPY: one array. Source of the format: numpy.lib.format in NumPy's documentation.
 */
#include <string.h>

#include "tensor/format.h"

static int npy_probe(const char *data, size_t size, const char *name)
{
    (void)name;
    return size >= 6 && memcmp(data, "\x93NUMPY", 6) == 0 ? 2 : 0;
}

static bool npy_open(struct archive *archive, struct error *error)
{
    return error_set(error, ERROR_INPUT, "%s: not read yet", archive->sources[0].name);
}

static const char *const npy_endings[] = {".npy", NULL};

const struct format format_npy = {
    .name = "npy", .what = "a NumPy array", .endings = npy_endings, .probe = npy_probe, .open = npy_open};
