/* NPY: headers of every version, all types, layouts and sizes, what is wrong with them, and what is written. */
#include "archives.h"
#include "tensor/array_write.h"

/* A file: magic number, version, a header as it is given, and numbers. */
struct npy_file {
    char bytes[20000];
    size_t size;
};

static void make(struct npy_file *file, int version, const char *header, const void *numbers, size_t size)
{
    const size_t length = strlen(header);
    memcpy(file->bytes, "\x93NUMPY", 6);
    file->bytes[6] = (char)version;
    file->bytes[7] = 0;
    for (int i = 0; i < 4; i++)
        file->bytes[8 + i] = (char)(length >> (8 * i));
    const size_t first = version == 1 ? 10 : 12;
    memcpy(file->bytes + first, header, length);
    memcpy(file->bytes + first + length, numbers, size);
    file->size = first + length + size;
}

#define HEADER(DESCR, ORDER, SHAPE)                                                                          \
    "{'descr': '" DESCR "', 'fortran_order': " ORDER ", 'shape': " SHAPE ", }\n"

static void expect(int version, const char *header, const void *numbers, size_t size, const char *type,
                   const float *wanted, size_t count)
{
    static struct npy_file file;
    struct archive archive;
    make(&file, version, header, numbers, size);
    archives_open(&archive, "f.npy", file.bytes, file.size);
    assert_int_equal(archive.count, 1);
    assert_string_equal(archive.arrays[0].type, type);
    assert_int_equal(archive.arrays[0].bytes, size);
    archives_expect(&archive, "", wanted, count);
    archive_free(&archive);
}

#define NUMBERS(...)                                                                                         \
    (const float[])                                                                                          \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

static void reads_types(void **state)
{
    (void)state;
    expect(1, HEADER("|b1", "False", "(3,)"), "\0\1\2", 3, "|b1", NUMBERS(0, 1, 1), 3);
    expect(1, HEADER("|i1", "False", "(2,)"), "\xff\x7f", 2, "|i1", NUMBERS(-1, 127), 2);
    expect(1, HEADER("|u1", "False", "(2,)"), "\xff\x7f", 2, "|u1", NUMBERS(255, 127), 2);
    expect(1, HEADER("<i2", "False", "(2,)"), "\xfe\xff\0\1", 4, "<i2", NUMBERS(-2, 256), 2);
    expect(1, HEADER(">i2", "False", "(2,)"), "\xff\xfe\1\0", 4, ">i2", NUMBERS(-2, 256), 2);
    expect(1, HEADER(">u2", "False", "(1,)"), "\xff\xfe", 2, ">u2", NUMBERS(65534), 1);
    expect(1, HEADER("<u4", "False", "(1,)"), "\0\0\0\x80", 4, "<u4", NUMBERS(0x1p31F), 1);
    expect(1, HEADER(">i4", "False", "(1,)"), "\x80\0\0\0", 4, ">i4", NUMBERS(-0x1p31F), 1);
    expect(1, HEADER("<i8", "False", "(1,)"), "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "<i8", NUMBERS(-1), 1);
    expect(1, HEADER(">u8", "False", "(1,)"), "\x80\0\0\0\0\0\0\0", 8, ">u8", NUMBERS(0x1p63F), 1);
    expect(1, HEADER("<f2", "False", "(1,)"), "\0\xc1", 2, "<f2", NUMBERS(-2.5F), 1);
    expect(1, HEADER(">f2", "False", "(1,)"), "\xc1\0", 2, ">f2", NUMBERS(-2.5F), 1);
    expect(1, HEADER("<f4", "False", "(1,)"), "\0\0\x20\xc0", 4, "<f4", NUMBERS(-2.5F), 1);
    expect(1, HEADER(">f4", "False", "(1,)"), "\xc0\x20\0\0", 4, ">f4", NUMBERS(-2.5F), 1);
    expect(1, HEADER("<f8", "False", "(1,)"), "\0\0\0\0\0\0\x04\xc0", 8, "<f8", NUMBERS(-2.5F), 1);
    expect(1, HEADER(">f8", "False", "(1,)"), "\xc0\x04\0\0\0\0\0\0", 8, ">f8", NUMBERS(-2.5F), 1);
    expect(1, HEADER("=u2", "False", "(1,)"), (const uint16_t[]){258}, 2, "=u2", NUMBERS(258), 1);
}

static void reads_headers(void **state)
{
    (void)state;
    const unsigned char counted[] = {1, 2, 3, 4, 5, 6};
    const float rows[] = {1, 2, 3, 4, 5, 6}, columns[] = {1, 3, 5, 2, 4, 6};
    expect(2, HEADER("|u1", "False", "(2, 3)"), counted, 6, "|u1", rows, 6);
    expect(3, HEADER("|u1", "False", "(2, 3)"), counted, 6, "|u1", rows, 6);
    expect(1, HEADER("|u1", "True", "(2, 3)"), counted, 6, "|u1", columns, 6);
    expect(1, HEADER("|u1", "True", "(2, 3, 1)"), counted, 6, "|u1", columns, 6);
    expect(1, HEADER("|u1", "True", "(6,)"), counted, 6, "|u1", rows, 6);
    expect(1, HEADER("|u1", "True", "()"), counted, 1, "|u1", rows, 1);
    expect(1, HEADER("|u1", "False", "(2L, 3L)"), counted, 6, "|u1", rows, 6);
    expect(1, "{\"shape\":(1,1,1,1,1,1,2,3),\"descr\":\"|u1\",\"fortran_order\":False}", counted, 6, "|u1",
           rows, 6);
    expect(1, " { 'fortran_order' : False ,\t'descr' : '|u1' , 'shape' : ( 2 , 3 , ) , } \n\n", counted, 6,
           "|u1", rows, 6);
    /* Empty arrays, of which no other axis matters. */
    expect(1, HEADER("<f8", "False", "(0,)"), "", 0, "<f8", NULL, 0);
    expect(1, HEADER("<f8", "True", "(3, 0, 9223372036854775807)"), "", 0, "<f8", NULL, 0);
}

/* The longest header, padded as NumPy pads. */
static void reads_long_headers(void **state)
{
    (void)state;
    static char header[10002];
    static struct npy_file file;
    memset(header, ' ', 10001);
    memcpy(header, "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", 55);
    header[10000] = 0;
    expect(2, header, "\7", 1, "|u1", NUMBERS(7), 1);
    header[10000] = ' ';
    make(&file, 2, header, "\7", 1);
    archives_refuse("f.npy", file.bytes, file.size, "f.npy: a header of 10001 bytes: expected at most 10000");
}

/* Types that are named and not read. Raw bytes are those of bfloat16, if somebody says so. */
static void names_types(void **state)
{
    (void)state;
    static const struct {
        const char *header, *type;
        size_t bytes;
    } named[] = {
        {HEADER("<c8", "False", "(2,)"), "<c8", 16},
        {HEADER("<c16", "False", "(2,)"), "<c16", 32},
        {HEADER("<f16", "False", "(2,)"), "<f16", 32},
        {HEADER("<U3", "False", "(2,)"), "<U3", 24},
        {HEADER("|S3", "False", "(2,)"), "|S3", 6},
        {HEADER("|S0", "False", "(2,)"), "|S0", 0},
        {HEADER("<M8[ns]", "False", "(2,)"), "<M8[ns]", 16},
        {HEADER(">m8[25s]", "False", "(2,)"), ">m8[25s]", 16},
        {HEADER("<M8", "False", "(2,)"), "<M8", 16},
        {HEADER("|V2", "False", "(2,)"), "|V2", 4},
    };
    static struct npy_file file;
    struct archive archive;
    static const char bytes[64] = "\x80\x3f\0\xc0";
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        make(&file, 1, named[i].header, bytes, named[i].bytes);
        archives_open(&archive, "f.npy", file.bytes, file.size);
        assert_string_equal(archive.arrays[0].type, named[i].type);
        assert_int_equal(archive.arrays[0].dtype, DTYPE_UNKNOWN);
        assert_int_equal(archive.arrays[0].bytes, named[i].bytes);
        if (i < 9)
            archive_free(&archive);
    }
    assert_true(array_read_as(&archive.arrays[0], DTYPE_BF16));
    archives_expect(&archive, "", NUMBERS(1, -2), 2);
    archive_free(&archive);
}

static void names_what_is_no_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *header, *type, *unread;
        size_t bytes;
    } cases[] = {
        {HEADER("|O", "False", "(2,)"), "|O",
         "objects that NumPy pickled, which are not read: expected numbers; save them by np.save(…, "
         "a.astype(\"float32\")), and tokens by a.astype(str)",
         40},
        {"{'descr': [('a', '<f4'), ('b', '<i2', (2, 2))], 'fortran_order': False, 'shape': (1,)}",
         "[('a', '<f4'), ('b', '<i2', (2, 2))]",
         "records of several fields, [('a', '<f4'), ('b', '<i2', (2, 2))]: expected one number each; save "
         "the fields by themselves",
         12},
        /* As many bytes as bfloat16 would have. */
        {HEADER("|O", "False", "(2,)"), "|O", NULL, 4},
    };
    static struct npy_file file;
    static const char bytes[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct archive archive;
        char unread[ARRAY_UNREAD_TEXT];
        make(&file, 1, cases[i].header, bytes, cases[i].bytes);
        archives_open(&archive, "f.npy", file.bytes, file.size);
        struct array *array = &archive.arrays[0];
        assert_true(array_is_opaque(array));
        assert_string_equal(array->type, cases[i].type);
        assert_int_equal(array->bytes, cases[i].bytes);
        if (cases[i].unread)
            assert_string_equal(array_unread(array, unread), cases[i].unread);
        assert_false(array_read_as(array, DTYPE_BF16));
        archive_free(&archive);
    }
}

static void refuse(const char *header, size_t size, const char *why)
{
    static struct npy_file file;
    static const char zeros[64];
    char message[400];
    make(&file, 1, header, zeros, size);
    snprintf(message, sizeof message, "f.npy: %s", why);
    archives_refuse("f.npy", file.bytes, file.size, message);
}

static void refuses_types(void **state)
{
    (void)state;
    static const char *const wrong[] = {"float32",
                                        "f4",
                                        "<",
                                        "",
                                        "<f",
                                        "<f4 ",
                                        "<f4x",
                                        "!f4",
                                        "<\x1b"
                                        "4",
                                        "<f99999999999",
                                        "<f8[ns]",
                                        "<M8[ns",
                                        "<M8[n(]"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char header[200], why[200];
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (1,)}", wrong[i]);
        snprintf(why, sizeof why, "numbers of the type \"%s\": expected one as \"<f4\"",
                 strchr(wrong[i], '\x1b') ? "<\\x1B4" : wrong[i]);
        refuse(header, 4, why);
    }
}

static void refuses_sizes(void **state)
{
    (void)state;
    refuse(HEADER("<f4", "False", "(2,)"), 7,
           "7 bytes of numbers: expected 8, by its shape of 2 numbers and 4 bytes each");
    refuse(HEADER("<f4", "False", "(2, 1)"), 9,
           "9 bytes of numbers: expected 8, by its shape of 2×1 and 4 bytes each");
    refuse(HEADER("<f4", "False", "()"), 0,
           "0 bytes of numbers: expected 4, by its shape of a number and 4 bytes each");
    refuse(HEADER("<f4", "False", "(0, 3)"), 1,
           "1 bytes of numbers: expected 0, by its shape of 0×3 and 4 bytes each");
    refuse(HEADER("<f4", "False", "(4294967296, 4294967296)"), 0,
           "its shape is 4294967296×4294967296: more numbers than any file has");
    refuse(HEADER("<f8", "True", "(2305843009213693952,)"), 0,
           "its shape is 2305843009213693952 numbers: more numbers than any file has");
    refuse(HEADER("<f8", "False", "(0, 9223372036854775808)"), 0,
           "its shape is 0×9223372036854775808: more numbers than any file has");
    refuse(HEADER("|u1", "False", "(1,1,1,1,1,1,1,1,1)"), 1, "more than 8 axes: expected no more");
}

/* What numpy.lib.format does not take either. */
static void refuses_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t at;
    } wrong[] = {
        {"", 10},
        {"[]", 10},
        {"{}", 12},
        {"{'descr': '<f4', 'fortran_order': False}", 50},
        {"{'descr': '<f4', 'shape': (1,)}", 41},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 36},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", 73},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", 44},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", 62},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': 1}", 60},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': [1]}", 60},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 61},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}", 63},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", 61},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616,)}", 80},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", 64},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", 66},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", 26},
        {"{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (1,)}", 20},
        {"{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}", 27},
        {"{'descr': [((((', 'fortran_order': False, 'shape': (1,)}", 62},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        static struct npy_file file;
        struct archive archive;
        struct error error;
        make(&file, 1, wrong[i].header, "\0\0\0\0", 4);
        assert_false(archives_try(&archive, "f.npy", file.bytes, file.size, &error));
        if (i + 1 < sizeof wrong / sizeof *wrong) {
            char message[200];
            snprintf(
                message, sizeof message,
                "f.npy: a header that is none, at byte %zu: expected a dictionary of descr, fortran_order "
                "and shape",
                wrong[i].at);
            assert_string_equal(error.message, message);
        }
        archive_free(&archive);
    }
}

static void refuses_beginnings(void **state)
{
    (void)state;
    static struct npy_file file;
    make(&file, 1, HEADER("|u1", "False", "(2,)"), "\0\1", 2);
    for (size_t size = 0; size < file.size; size++) {
        struct archive archive;
        struct error error;
        assert_false(archives_try(&archive, "f.npy", file.bytes, size, &error));
        assert_int_equal(error.kind, ERROR_INPUT);
        assert_memory_equal(error.message, "f.npy: ", 7);
        assert_non_null(strstr(error.message, "expected"));
        archive_free(&archive);
    }
    file.bytes[6] = 4;
    archives_refuse("f.npy", file.bytes, file.size, "f.npy: NPY version 4.0: expected 1.0, 2.0 or 3.0");
    file.bytes[6] = 1, file.bytes[7] = 9;
    archives_refuse("f.npy", file.bytes, file.size, "f.npy: NPY version 1.9: expected 1.0, 2.0 or 3.0");
    file.bytes[6] = 0, file.bytes[7] = 0;
    archives_refuse("f.npy", file.bytes, file.size, "f.npy: NPY version 0.0: expected 1.0, 2.0 or 3.0");
    archives_refuse("f.npy", file.bytes, 9, "f.npy: no header of NumPy's NPY in front: expected one");
    memcpy(file.bytes + 6, "\3\0\xff\xff\xff\xff", 6);
    archives_refuse("f.npy", file.bytes, file.size,
                    "f.npy: a header of 4294967295 bytes: expected at most 10000");
}

static void writes(void **state)
{
    (void)state;
    const float numbers[] = {1, -2.5F, 3, 4, 5, 6};
    struct out out;
    struct archive archive;
    struct array array = archives_array("", DTYPE_F32, numbers, 2, (const size_t[]){2, 3});
    archives_write(&out, &format_npy, &array, 1, NULL, 0);
    assert_int_equal((out.size - sizeof numbers) % 64, 0);
    static const char begin[] =
        "\x93NUMPY\1\0\x76\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }  ";
    assert_memory_equal(out.data, begin, sizeof begin - 1);
    assert_int_equal(out.data[out.size - sizeof numbers - 1], '\n');
    archives_open(&archive, "w.npy", out.data, out.size);
    archives_expect(&archive, "", numbers, 6);
    archive_free(&archive);
    out_free(&out);
    /* Every type, one number, no numbers. */
    static const char zeros[64];
    for (enum dtype dtype = DTYPE_BOOL; dtype <= DTYPE_F64; dtype++) {
        if (format_npy.holds(dtype) != dtype)
            continue;
        array = archives_array("", dtype, zeros, 1, (const size_t[]){3});
        archives_write(&out, &format_npy, &array, 1, NULL, 0);
        archives_open(&archive, "w.npy", out.data, out.size);
        assert_int_equal(archive.arrays[0].dtype, dtype);
        assert_int_equal(archive.arrays[0].rank, 1);
        archives_expect(&archive, "", NUMBERS(0, 0, 0), 3);
        archive_free(&archive);
        out_free(&out);
    }
    assert_int_equal(format_npy.holds(DTYPE_BF16), DTYPE_UNKNOWN);
    assert_int_equal(format_npy.holds(DTYPE_F8_E4M3), DTYPE_UNKNOWN);
    assert_int_equal(format_npy.holds(DTYPE_F8_E5M2), DTYPE_UNKNOWN);
    assert_int_equal(format_npy.holds(DTYPE_Q8_0), DTYPE_UNKNOWN);
    size_t long_shape[ARRAY_RANK_MAX] = {0};
    for (int a = 1; a < ARRAY_RANK_MAX; a++)
        long_shape[a] = PTRDIFF_MAX;
    array = archives_array("", DTYPE_F64, zeros, ARRAY_RANK_MAX, long_shape);
    archives_write(&out, &format_npy, &array, 1, NULL, 0);
    archives_open(&archive, "w.npy", out.data, out.size);
    assert_memory_equal(archive.arrays[0].shape, long_shape, sizeof long_shape);
    archive_free(&archive);
    out_free(&out);
    array = archives_array("", DTYPE_F32, numbers, 0, NULL);
    archives_write(&out, &format_npy, &array, 1, NULL, 0);
    archives_open(&archive, "w.npy", out.data, out.size);
    archives_expect(&archive, "", NUMBERS(1), 1);
    archive_free(&archive);
    out_free(&out);
    const struct array two[] = {array, array};
    archives_refuse_write(&format_npy, two, 2,
                          "an NPY file holds one array, and there are 2: expected one, or .npz");
    archives_refuse_write(&format_npy, two, 0,
                          "an NPY file holds one array, and there are 0: expected one, or .npz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_types),
        cmocka_unit_test(reads_headers),
        cmocka_unit_test(reads_long_headers),
        cmocka_unit_test(names_types),
        cmocka_unit_test(names_what_is_no_numbers),
        cmocka_unit_test(refuses_types),
        cmocka_unit_test(refuses_sizes),
        cmocka_unit_test(refuses_headers),
        cmocka_unit_test(refuses_beginnings),
        cmocka_unit_test(writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
