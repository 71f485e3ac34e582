/* Zips in memory, made by libzip, for tests. */
#ifndef ATTN_TESTS_ZIPS_H
#define ATTN_TESTS_ZIPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include <cmocka.h>

/* A zip that is being made; zips_end closes it. */
struct zips_made {
    zip_source_t *buffer;
    zip_t *zip;
};

/* The bytes of one; freed by the test. */
struct zipped {
    char *data;
    size_t size;
};

static inline struct zips_made zips_begin(void)
{
    struct zips_made made = {.buffer = zip_source_buffer_create(NULL, 0, 0, NULL)};
    assert_non_null(made.buffer);
    zip_source_keep(made.buffer);
    made.zip = zip_open_from_source(made.buffer, ZIP_TRUNCATE, NULL);
    assert_non_null(made.zip);
    return made;
}

/* Adds a member, whose bytes are copied. */
static inline void zips_add(const struct zips_made *made, const char *name, const void *data, size_t size,
                            int method)
{
    /* libzip does not free what has no bytes. */
    void *copy = size > 0 ? malloc(size) : NULL;
    if (copy)
        memcpy(copy, data, size);
    zip_source_t *source = zip_source_buffer(made->zip, copy, size, 1);
    const zip_int64_t index = zip_file_add(made->zip, name, source, ZIP_FL_ENC_UTF_8);
    assert_true(index >= 0);
    assert_int_equal(zip_set_file_compression(made->zip, (zip_uint64_t)index, method, 0), 0);
}

static inline struct zipped zips_end(const struct zips_made *made)
{
    if (zip_close(made->zip) != 0)
        fail_msg("%s", zip_strerror(made->zip));
    assert_int_equal(zip_source_open(made->buffer), 0);
    zip_source_seek(made->buffer, 0, SEEK_END);
    struct zipped zipped = {.size = (size_t)zip_source_tell(made->buffer)};
    zipped.data = malloc(zipped.size);
    assert_non_null(zipped.data);
    zip_source_seek(made->buffer, 0, SEEK_SET);
    assert_int_equal(zip_source_read(made->buffer, zipped.data, zipped.size), zipped.size);
    zip_source_close(made->buffer);
    zip_source_free(made->buffer);
    return zipped;
}

#endif
