/* Archives: names that differ, lists that grow, metadata, and errors that name their place. */
#include <unistd.h>

#include "archives.h"

static void finds_names(void **state)
{
    (void)state;
    struct archive archive = {0};
    struct error error = {0};
    char name[32];
    enum { MANY = 5000 };
    assert_null(archive_find(&archive, "layer.0"));
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "layer.%d", i);
        struct array *array = archive_add(&archive, name, strlen(name), &error);
        assert_non_null(array);
        array->member = (size_t)i;
        assert_null(archive_find(&archive, "layer")); /* however full the list is */
    }
    assert_int_equal(archive.count, MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "layer.%d", i);
        const struct array *array = archive_find(&archive, name);
        assert_non_null(array);
        assert_int_equal(array->member, i);
        assert_ptr_equal(array, &archive.arrays[i]);
    }
    assert_null(archive_find(&archive, "layer.5000"));
    assert_null(archive_find(&archive, ""));
    archive_free(&archive);
    assert_int_equal(archive.count, 0);
}

static void numbers_names_that_repeat(void **state)
{
    (void)state;
    struct archive archive = {0};
    struct error error = {0};
    static const char *const given[] = {"w", "w", "w#3", "w", "", "", "w#2", "w and more"};
    static const char *const got[] = {"w", "w#2", "w#3", "w#4", "", "#2", "w#2#2", "w and"};
    for (size_t i = 0; i < 8; i++) {
        const size_t length = i == 7 ? 5 : strlen(given[i]); /* not ended by a NUL */
        assert_non_null(archive_add(&archive, given[i], length, &error));
        assert_string_equal(archive.arrays[i].name, got[i]);
        assert_ptr_equal(archive_find(&archive, got[i]), &archive.arrays[i]);
    }
    for (int i = 0; i < 3000; i++)
        assert_non_null(archive_add(&archive, "many", 4, &error));
    assert_string_equal(archive.arrays[archive.count - 1].name, "many#3000");
    archive_free(&archive);
}

static void keeps_metadata(void **state)
{
    (void)state;
    struct archive archive = {0};
    struct error error = {0};
    for (int i = 0; i < 100; i++) {
        char key[16];
        const int length = snprintf(key, sizeof key, "k%d-", i);
        struct metadatum *metadatum = archive_add_metadatum(&archive, key, (size_t)length - 1, &error);
        assert_non_null(metadatum);
        metadatum->kind = METADATUM_INTEGER;
        metadatum->integer = i;
    }
    assert_int_equal(archive_metadatum(&archive, "k77")->integer, 77);
    assert_null(archive_metadatum(&archive, "k77-"));
    char *memory = archive_alloc(&archive, 10, 4, &error);
    assert_non_null(memory);
    memset(memory, 1, 40);
    assert_null(archive_alloc(&archive, SIZE_MAX, 2, &error));
    assert_int_equal(error.kind, ERROR_SYSTEM);
    assert_int_equal(archive.block_count, 1);
    archive_free(&archive);
}

static void names_the_place_of_errors(void **state)
{
    (void)state;
    struct archive archive = {0};
    struct error error = {0};
    archive.sources = calloc(2, sizeof *archive.sources);
    archive.source_count = 2;
    archive.sources[0] = archives_source("first", "", 0);
    archive.sources[1] = archives_source("second", "", 0);
    assert_non_null(archive_add(&archive, "", 0, &error));
    assert_non_null(archive_add(&archive, "q", 1, &error));
    archive.arrays[1].source = 1;
    assert_false(archive_error(&archive, &archive.arrays[0], &error, "is %d", 7));
    assert_string_equal(error.message, "first: is 7");
    assert_int_equal(error.kind, ERROR_INPUT);
    error = (struct error){0};
    assert_false(archive_error(&archive, &archive.arrays[1], &error, "is %d", 7));
    assert_string_equal(error.message, "second:q: is 7");
    archive_free(&archive);
}

static void opens_files(void **state)
{
    (void)state;
    char path[] = "/tmp/attn-test-XXXXXX";
    struct archive archive;
    struct error error = {0};
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "1,2\n", 4), 4);
    assert_false(archive_open(&archive, path, NULL, &error));
    char message[200];
    snprintf(message, sizeof message, "%s: no file of named arrays: expected one of %s", path, format_words);
    assert_string_equal(error.message, message);
    assert_int_equal(error.kind, ERROR_INPUT);
    archive_free(&archive);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, "\2\0\0\0\0\0\0\0{}", 10, 0), 10);
    close(fd);
    error = (struct error){0};
    assert_true(archive_open(&archive, path, NULL, &error));
    assert_ptr_equal(archive.format, &format_safetensors);
    assert_int_equal(archive.count, 0);
    archive_free(&archive);
    /* The format is given: nothing is guessed. */
    assert_false(archive_open(&archive, path, &format_npy, &error));
    assert_int_equal(error.kind, ERROR_INPUT);
    archive_free(&archive);
    unlink(path);
    error = (struct error){0};
    assert_false(archive_open(&archive, path, NULL, &error));
    assert_int_equal(error.kind, ERROR_SYSTEM);
    archive_free(&archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_names),    cmocka_unit_test(numbers_names_that_repeat),
        cmocka_unit_test(keeps_metadata), cmocka_unit_test(names_the_place_of_errors),
        cmocka_unit_test(opens_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
