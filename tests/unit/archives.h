/* Files of named arrays in memory, for tests: opened, and what is wrong with them. */
#ifndef ATTN_TESTS_ARCHIVES_H
#define ATTN_TESTS_ARCHIVES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/out.h"
#include "tensor/archive.h"
#include "tensor/format.h"

/* A file of these bytes, in memory of exactly their size and the NUL behind it. */
static inline struct source archives_source(const char *name, const void *data, size_t size)
{
    struct source source = {.name = strdup(name), .data = malloc(size + 1), .size = size};
    assert_true(source.name && source.data);
    memcpy(source.data, data, size);
    source.data[size] = 0;
    return source;
}

static inline bool archives_try(struct archive *archive, const char *name, const void *data, size_t size,
                                struct error *error)
{
    struct source source = archives_source(name, data, size);
    *error = (struct error){0};
    return archive_open_source(archive, &source, NULL, error);
}

static inline void archives_open(struct archive *archive, const char *name, const void *data, size_t size)
{
    struct error error;
    if (!archives_try(archive, name, data, size, &error))
        fail_msg("%s", error.message);
    assert_int_equal(error.kind, ERROR_NONE);
}

/* The file is refused with this message. */
static inline void archives_refuse(const char *name, const void *data, size_t size, const char *message)
{
    struct archive archive;
    struct error error;
    assert_false(archives_try(&archive, name, data, size, &error));
    assert_string_equal(error.message, message);
    assert_int_equal(error.kind, ERROR_INPUT);
    archive_free(&archive);
}

/* An array has these numbers, after it is loaded. */
static inline void archives_expect(struct archive *archive, const char *name, const float *numbers,
                                   size_t wanted)
{
    struct error error = {0};
    struct array *array = archive_find(archive, name);
    size_t count;
    assert_non_null(array);
    if (!archive_load(archive, array, &error))
        fail_msg("%s", error.message);
    assert_true(array_count(array, &count));
    assert_int_equal(count, wanted);
    float *got = malloc((count + 1) * sizeof *got);
    assert_non_null(got);
    array_widen(array, got);
    assert_memory_equal(got, numbers, count * sizeof *got);
    free(got);
}

/* A packed array over numbers of this machine, for writing. */
static inline struct array archives_array(char *name, enum dtype dtype, const void *data, int rank,
                                          const size_t *shape)
{
    struct array array = {.name = name, .dtype = dtype, .rank = rank, .data = data};
    size_t count;
    if (rank > 0)
        memcpy(array.shape, shape, (size_t)rank * sizeof *shape);
    assert_true(array_pack(&array) && array_count(&array, &count));
    array.bytes = count * dtype_kind(dtype)->bytes;
    return array;
}

/* What a format writes, in out->data; out_free frees it. */
static inline void archives_write(struct out *out, const struct format *format, const struct array *arrays,
                                  size_t count, const struct metadatum *metadata, size_t metadata_count)
{
    struct error error = {0};
    out_begin(out, -1, "");
    if (!format->write(arrays, count, metadata, metadata_count, out, &error))
        fail_msg("%s", error.message);
    assert_int_equal(out->trouble, 0);
}

/* A format does not write these arrays, and says why. */
static inline void archives_refuse_write(const struct format *format, const struct array *arrays,
                                         size_t count, const char *message)
{
    struct error error = {0};
    struct out out;
    out_begin(&out, -1, "");
    assert_false(format->write(arrays, count, NULL, 0, &out, &error));
    assert_string_equal(error.message, message);
    assert_int_equal(error.kind, ERROR_USAGE);
    out_free(&out);
}

#endif
