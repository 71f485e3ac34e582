/* NPZ: arrays stored and deflated, members that are none, sizes that lie, and what is written. Zips are made by libzip. */
#include "archives.h"
#include "tensor/npy_header.h"
#include "zips.h"

/* Adds NAME.npy. */
static void add_array(const struct zips_made *made, const char *name, const struct array *array, int method)
{
    struct out out;
    char member[100];
    archives_write(&out, &format_npy, array, 1, NULL, 0);
    snprintf(member, sizeof member, "%s.npy", name);
    zips_add(made, member, out.data, out.size, method);
    out_free(&out);
}

static const float few[] = {1, -2.5F, 3};
enum { MANY = 50000 };
static float many[MANY];

/* Numbers that do not pack well, unlike zeros. */
static struct array make_many(void)
{
    uint32_t x = 1;
    for (int i = 0; i < MANY; i++) {
        x = x * 1664525 + 1013904223;
        many[i] = (float)(x >> 8);
    }
    return archives_array("many", DTYPE_F32, many, 2, (const size_t[]){100, 500});
}

static void reads_members(void **state)
{
    (void)state;
    const struct zips_made made = zips_begin();
    const struct array small = archives_array("", DTYPE_F32, few, 1, (const size_t[]){3}),
                       empty = archives_array("", DTYPE_F64, few, 2, (const size_t[]){0, 3}),
                       large = make_many();
    zips_add(&made, "README.txt", "no array", 8, ZIP_CM_STORE);
    add_array(&made, "stored", &small, ZIP_CM_STORE);
    add_array(&made, "deflated", &small, ZIP_CM_DEFLATE);
    add_array(&made, "ünd/layer.0", &large, ZIP_CM_DEFLATE);
    add_array(&made, "none", &empty, ZIP_CM_DEFLATE);
    zips_add(&made, "npy", "", 0, ZIP_CM_STORE);
    const struct zipped zipped = zips_end(&made);
    struct archive archive;
    archives_open(&archive, "f.npz", zipped.data, zipped.size);
    assert_int_equal(archive.count, 4);
    static const char *const names[] = {"stored", "deflated", "ünd/layer.0", "none"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(archive.arrays[i].name, names[i]);
    /* Only what is packed waits to be unpacked. */
    const char *data = archive_find(&archive, "stored")->data;
    assert_true(data > archive.sources[0].data && data < archive.sources[0].data + archive.sources[0].size);
    assert_null(archive_find(&archive, "deflated")->data);
    assert_int_equal(archive_find(&archive, "ünd/layer.0")->bytes, sizeof many);
    archives_expect(&archive, "stored", few, 3);
    archives_expect(&archive, "deflated", few, 3);
    archives_expect(&archive, "ünd/layer.0", many, MANY);
    archives_expect(&archive, "none", NULL, 0);
    archive_free(&archive);
    free(zipped.data);
}

static void reads_nothing(void **state)
{
    (void)state;
    struct archive archive;
    const char empty[22] = "PK\5\6";
    archives_open(&archive, "f.npz", empty, sizeof empty);
    assert_int_equal(archive.count, 0);
    archive_free(&archive);
    const struct zips_made made = zips_begin();
    zips_add(&made, "README.txt", "no array", 8, ZIP_CM_STORE);
    const struct zipped zipped = zips_end(&made);
    archives_refuse("f.npz", zipped.data, zipped.size,
                    "f.npz: a zip without arrays: expected members NAME.npy");
    free(zipped.data);
}

/* A zip of one member a.npy, of an NPY and bytes that are changed before. */
static struct zipped one_member(const char *npy, size_t size, int method)
{
    const struct zips_made made = zips_begin();
    zips_add(&made, "a.npy", npy, size, method);
    return zips_end(&made);
}

static void refuses_members(void **state)
{
    (void)state;
    const struct array small = archives_array("", DTYPE_F32, few, 1, (const size_t[]){3});
    struct out out;
    archives_write(&out, &format_npy, &small, 1, NULL, 0);
    for (int method = ZIP_CM_STORE; method <= ZIP_CM_DEFLATE; method += ZIP_CM_DEFLATE - ZIP_CM_STORE) {
        struct zipped zipped = one_member(out.data, out.size - 1, method);
        archives_refuse(
            "f.npz", zipped.data, zipped.size,
            "f.npz:a: 11 bytes of numbers: expected 12, by its shape of 3 numbers and 4 bytes each");
        free(zipped.data);
        zipped = one_member("\x93NUMPY", 6, method);
        archives_refuse("f.npz", zipped.data, zipped.size,
                        "f.npz:a: no header of NumPy's NPY in front: expected one");
        free(zipped.data);
        zipped = one_member("", 0, method);
        archives_refuse("f.npz", zipped.data, zipped.size,
                        "f.npz:a: no header of NumPy's NPY in front: expected one");
        free(zipped.data);
    }
    out_free(&out);
}

/* The place of a record of a zip, by its signature, from the end. */
static char *find_record(const struct zipped *zipped, const char *signature)
{
    for (size_t i = zipped->size - 4; i > 0; i--)
        if (memcmp(zipped->data + i, signature, 4) == 0)
            return zipped->data + i;
    return NULL;
}

static void put_size(char *at, uint32_t size)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(size >> (8 * i));
}

/* A member that is said to have more bytes than deflate can pack into it is refused before memory is taken; one that yields
 * others than it says, when it is unpacked. */
static void refuses_bombs(void **state)
{
    (void)state;
    char npy[21000];
    struct archive archive;
    struct error error;
    /* The header asks for a gigabyte, and the directory agrees: 50 bytes cannot hold it. */
    memset(npy, ' ', sizeof npy);
    memcpy(npy, "\x93NUMPY\1\0\x76\0", 10);
    static const char header[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000,)}";
    memcpy(npy + 10, header, sizeof header - 1);
    struct zipped zipped = one_member(npy, 1000, ZIP_CM_DEFLATE);
    put_size(find_record(&zipped, "PK\1\2") + 24, 1000000128);
    assert_false(archives_try(&archive, "f.npz", zipped.data, zipped.size, &error));
    assert_memory_equal(error.message, "f.npz:a.npy: said to have 1000000128 bytes in ", 46);
    assert_int_equal(error.kind, ERROR_INPUT);
    archive_free(&archive);
    free(zipped.data);
    /* Within the ratio, but there is less than is said. */
    memcpy(npy + 10 + 49, " (50000,)}      ", 16);
    zipped = one_member(npy, 20128, ZIP_CM_DEFLATE);
    put_size(find_record(&zipped, "PK\1\2") + 24, 50128);
    archives_open(&archive, "f.npz", zipped.data, zipped.size);
    assert_int_equal(archive.arrays[0].shape[0], 50000);
    assert_false(archive_load(&archive, &archive.arrays[0], &error));
    assert_memory_equal(error.message, "f.npz:a.npy: ", 13);
    assert_null(archive.arrays[0].data);
    archive_free(&archive);
    free(zipped.data);
    /* And more than is said. */
    memcpy(npy + 10 + 49, " (20000,)}      ", 16);
    zipped = one_member(npy, sizeof npy, ZIP_CM_DEFLATE);
    put_size(find_record(&zipped, "PK\1\2") + 24, 20128);
    archives_open(&archive, "f.npz", zipped.data, zipped.size);
    error = (struct error){0};
    assert_false(archive_load(&archive, &archive.arrays[0], &error));
    assert_memory_equal(error.message, "f.npz:a.npy: damaged (", 22);
    archive_free(&archive);
    free(zipped.data);
}

/* A wrong checksum of what is unpacked, and bytes that are cut off anywhere. */
static void refuses_damage(void **state)
{
    (void)state;
    const struct zips_made made = zips_begin();
    const struct array large = make_many();
    add_array(&made, "w", &large, ZIP_CM_DEFLATE);
    const struct zipped zipped = zips_end(&made);
    struct archive archive;
    struct error error = {0};
    find_record(&zipped, "PK\1\2")[16] ^= 1;
    archives_open(&archive, "f.npz", zipped.data, zipped.size);
    assert_false(archive_load(&archive, &archive.arrays[0], &error));
    assert_string_equal(error.message,
                        "f.npz:w.npy: damaged (CRC error): expected a file that was copied whole");
    archive_free(&archive);
    for (size_t size = 0; size < zipped.size; size += 997) {
        assert_false(archives_try(&archive, "f.npz", zipped.data, size, &error));
        assert_memory_equal(error.message, "f.npz: ", 7);
        assert_non_null(strstr(error.message, "expected"));
        archive_free(&archive);
    }
    free(zipped.data);
}

static void refuses_encryption(void **state)
{
    (void)state;
    const struct zips_made made = zips_begin();
    const struct array small = archives_array("", DTYPE_F32, few, 1, (const size_t[]){3});
    add_array(&made, "w", &small, ZIP_CM_STORE);
    struct zipped zipped = zips_end(&made);
    /* The flag of encryption, in both headers. */
    zipped.data[6] |= 1;
    find_record(&zipped, "PK\1\2")[8] |= 1;
    archives_refuse("f.npz", zipped.data, zipped.size,
                    "f.npz:w.npy: encrypted: expected a member that is not");
    free(zipped.data);
}

static void writes(void **state)
{
    (void)state;
    const struct array arrays[] = {
        archives_array("a", DTYPE_F32, few, 1, (const size_t[]){3}),
        make_many(),
        archives_array("ü/0.w", DTYPE_U8, "\1\2", 1, (const size_t[]){2}),
        archives_array("", DTYPE_F64, (const double[]){0.5}, 0, NULL),
        archives_array("none", DTYPE_BOOL, "", 2, (const size_t[]){4, 0}),
    };
    struct out out, again;
    struct archive archive;
    archives_write(&out, &format_npz, arrays, 5, NULL, 0);
    archives_write(&again, &format_npz, arrays, 5, NULL, 0);
    assert_int_equal(out.size, again.size);
    assert_memory_equal(out.data, again.data, out.size);
    assert_memory_equal(out.data + 10, "\0\0\x21\0", 4); /* the first day of 1980, not today */
    archives_open(&archive, "w.npz", out.data, out.size);
    assert_int_equal(archive.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(archive.arrays[i].name, i == 3 ? "arr_0" : arrays[i].name);
        assert_int_equal(archive.arrays[i].dtype, arrays[i].dtype);
        assert_non_null(archive.arrays[i].data); /* stored */
    }
    archives_expect(&archive, "a", few, 3);
    archives_expect(&archive, "many", many, MANY);
    archives_expect(&archive, "ü/0.w", (const float[]){1, 2}, 2);
    archives_expect(&archive, "arr_0", (const float[]){0.5F}, 1);
    archives_expect(&archive, "none", NULL, 0);
    archive_free(&archive);
    out_free(&out);
    out_free(&again);
    archives_write(&out, &format_npz, arrays, 0, NULL, 0);
    archives_open(&archive, "w.npz", out.data, out.size);
    assert_int_equal(archive.count, 0);
    archive_free(&archive);
    out_free(&out);
}

static void refuses_names(void **state)
{
    (void)state;
    struct array arrays[] = {archives_array("a", DTYPE_F32, few, 1, (const size_t[]){3}),
                             archives_array("a", DTYPE_F32, few, 1, (const size_t[]){3})};
    archives_refuse_write(&format_npz, arrays, 2,
                          "a zip cannot hold a.npy twice: expected names that differ");
    arrays[0].name = "\xff\xfe";
    archives_refuse_write(&format_npz, arrays, 2,
                          "\\xFF\\xFE.npy: a zip cannot hold this name: expected UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_members),   cmocka_unit_test(reads_nothing),
        cmocka_unit_test(refuses_members), cmocka_unit_test(refuses_bombs),
        cmocka_unit_test(refuses_damage),  cmocka_unit_test(refuses_encryption),
        cmocka_unit_test(writes),          cmocka_unit_test(refuses_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
