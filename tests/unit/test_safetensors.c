/* safetensors: headers, types, places of arrays, lists of several files, and what is written. */
#include <sys/stat.h>
#include <unistd.h>

#include "archives.h"
#include "tensor/strict_json.h"

struct st_file {
    char bytes[4096];
    size_t size;
};

static void make(struct st_file *file, const char *header, size_t zeros)
{
    const size_t length = strlen(header);
    memset(file, 0, sizeof *file);
    for (int i = 0; i < 8; i++)
        file->bytes[i] = (char)(length >> (8 * i));
    memcpy(file->bytes + 8, header, length);
    file->size = 8 + length + zeros;
}

#define ENTRY(NAME, TYPE, SHAPE, BEGIN, END)                                                                 \
    "\"" NAME "\":{\"dtype\":\"" TYPE "\",\"shape\":[" SHAPE "],\"data_offsets\":[" BEGIN "," END "]}"

static void reads_types(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum dtype dtype;
        size_t bytes; /* of eight numbers */
    } types[] = {
        {"BOOL", DTYPE_BOOL, 8},       {"U8", DTYPE_U8, 8},           {"I8", DTYPE_I8, 8},
        {"U16", DTYPE_U16, 16},        {"I16", DTYPE_I16, 16},        {"F16", DTYPE_F16, 16},
        {"BF16", DTYPE_BF16, 16},      {"U32", DTYPE_U32, 32},        {"I32", DTYPE_I32, 32},
        {"F32", DTYPE_F32, 32},        {"U64", DTYPE_U64, 64},        {"I64", DTYPE_I64, 64},
        {"F64", DTYPE_F64, 64},        {"C64", DTYPE_UNKNOWN, 64},    {"F8_E4M3", DTYPE_F8_E4M3, 8},
        {"F8_E5M2", DTYPE_F8_E5M2, 8}, {"F8_E8M0", DTYPE_UNKNOWN, 8}, {"F8_E4M3FNUZ", DTYPE_UNKNOWN, 8},
        {"F4", DTYPE_UNKNOWN, 4},      {"F6_E2M3", DTYPE_UNKNOWN, 6}, {"F6_E3M2", DTYPE_UNKNOWN, 6},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct st_file file;
        struct archive archive;
        char header[200];
        snprintf(header, sizeof header, "{\"w\":{\"shape\":[2,4],\"data_offsets\":[0,%zu],\"dtype\":\"%s\"}}",
                 types[i].bytes, types[i].name);
        make(&file, header, types[i].bytes);
        archives_open(&archive, "m.safetensors", file.bytes, file.size);
        assert_int_equal(archive.count, 1);
        const struct array *array = &archive.arrays[0];
        assert_string_equal(array->type, types[i].name);
        assert_int_equal(array->dtype, types[i].dtype);
        assert_int_equal(array->bytes, types[i].bytes);
        assert_int_equal(array->offset, 8 + strlen(header));
        assert_ptr_equal(array->data, archive.sources[0].data + array->offset);
        assert_true(array->rank == 2 && array->shape[0] == 2 && array->shape[1] == 4 &&
                    array->stride[0] == 4);
        archive_free(&archive);
    }
}

static void reads_headers(void **state)
{
    (void)state;
    struct st_file file;
    struct archive archive;
    /* In any order, with empty arrays between, one number, blanks, and names that are escaped. */
    make(&file,
         "{ " ENTRY("b", "U8", "2", "2", "4") " ,\n\t" ENTRY(
             "e", "F32", "0,3", "2",
             "2") "\r, "
                  "\"__metadata__\" : { \"format\" : \"pt\" , \"k\\u00e9\\ud83d\\ude00\\u0000\\n\" : "
                  "\"\\\"\\\\\\/\" } ," ENTRY("\\u0061", "I16", "", "0", "2") "," ENTRY("last", "F64", "0",
                                                                                        "4", "4") "}   ",
         4);
    memcpy(file.bytes + file.size - 4, "\1\2\3\4", 4);
    archives_open(&archive, "m.safetensors", file.bytes, file.size);
    assert_int_equal(archive.count, 4);
    archives_expect(&archive, "b", (const float[]){3, 4}, 2);
    archives_expect(&archive, "a", (const float[]){513}, 1);
    archives_expect(&archive, "e", NULL, 0);
    archives_expect(&archive, "last", NULL, 0);
    assert_int_equal(archive.metadata_count, 2);
    const struct metadatum *metadatum = archive_metadatum(&archive, "k\u00e9\U0001f600\xc0\x80\n");
    assert_non_null(metadatum);
    assert_int_equal(metadatum->kind, METADATUM_TEXT);
    assert_int_equal(metadatum->size, 3);
    assert_memory_equal(metadatum->data, "\"\\/", 3);
    archive_free(&archive);
    make(&file, "{\"__metadata__\":{}}", 0);
    archives_open(&archive, "m.safetensors", file.bytes, file.size);
    assert_int_equal(archive.count + archive.metadata_count, 0);
    archive_free(&archive);
}

static void refuse(const char *header, size_t zeros, const char *why)
{
    struct st_file file;
    char message[400];
    make(&file, header, zeros);
    snprintf(message, sizeof message, "m.safetensors%s", why);
    archives_refuse("m.safetensors", file.bytes, file.size, message);
}

static void refuses_places(void **state)
{
    (void)state;
    refuse("{" ENTRY("a", "U8", "2", "0", "2") "," ENTRY("b", "U8", "2", "3", "5") "}", 5,
           ":b: begins at byte 3 of the numbers, and those before it end at byte 2: expected no hole and no "
           "overlap");
    refuse("{" ENTRY("a", "U8", "2", "0", "2") "," ENTRY("b", "U8", "2", "1", "3") "}", 3,
           ":b: begins at byte 1 of the numbers, and those before it end at byte 2: expected no hole and no "
           "overlap");
    refuse("{" ENTRY("a", "U8", "2", "0", "2") "," ENTRY("b", "U8", "2", "0", "2") "}", 2,
           ":b: begins at byte 0 of the numbers, and those before it end at byte 2: expected no hole and no "
           "overlap");
    refuse("{" ENTRY("a", "U8", "2", "1", "3") "}", 3,
           ":a: begins at byte 1 of the numbers, and those before it end at byte 0: expected no hole and no "
           "overlap");
    refuse("{" ENTRY("a", "U8", "2", "0", "2") "}", 3,
           ": 3 bytes of numbers, of which the header names 2: expected no more");
    refuse("{}", 1, ": 1 bytes of numbers, of which the header names 0: expected no more");
    refuse("{" ENTRY("a", "U8", "2", "0", "2") "}", 1,
           ":a: bytes 0 to 2 of 1: expected 2 of them, by its shape of 2 numbers and its type U8");
    refuse("{" ENTRY("a", "F32", "2", "0", "7") "}", 7,
           ":a: bytes 0 to 7 of 7: expected 8 of them, by its shape of 2 numbers and its type F32");
    refuse("{" ENTRY("a", "F32", "0", "4", "0") "}", 8,
           ":a: bytes 4 to 0 of 8: expected 0 of them, by its shape of 0 numbers and its type F32");
    refuse("{" ENTRY("a", "F4", "3", "0", "2") "}", 2,
           ":a: its shape is 3 numbers: no whole number of bytes that a file has");
    refuse("{" ENTRY("a", "F64", "4294967296,536870912", "0", "0") "}", 0,
           ":a: its shape is 4294967296×536870912: no whole number of bytes that a file has");
    refuse("{" ENTRY("a", "U8", "1,1,1,1,1,1,1,1,1", "0", "1") "}", 1, ":a: 9 axes: expected at most 8");
    refuse("{" ENTRY("a", "F5", "1", "0", "1") "}", 1,
           ":a: numbers of the type F5: expected one of F32 F16 BF16 F64 F8_E4M3 F8_E5M2, integers or BOOL");
    refuse("{" ENTRY("a", "U8", "1", "0", "1") "," ENTRY("a", "U8", "1", "1", "2") "}", 2,
           ":a: this name stands twice, also in the same header: expected it once");
}

static void refuses_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header, *why;
    } wrong[] = {
        {" {}", "8 of the header of safetensors: expected {"},
        {"[]", "8 of the header of safetensors: expected {"},
        {"{", "9 of the header of safetensors: expected a string"},
        {"{}x", "10 of the header of safetensors: expected nothing behind the brace that ends it"},
        {"{\"a\"}", "12 of the header of safetensors: expected :"},
        {"{\"a\":1}", "13 of the header of safetensors: expected {"},
        {"{\"a\":{}}", "14 of the header of safetensors: expected a string"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}",
         "38 of the header of safetensors: expected dtype, shape and two data_offsets"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0]}}",
         "57 of the header of safetensors: expected dtype, shape and two data_offsets"},
        {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}",
         "35 of the header of safetensors: expected dtype, shape and data_offsets, each once"},
        {"{\"a\":{\"more\":1}}",
         "21 of the header of safetensors: expected dtype, shape and data_offsets, each once"},
        {"{\"a\":{\"shape\":[1.0]}}", "24 of the header of safetensors: expected ]"},
        {"{\"a\":{\"shape\":[-1]}}", "23 of the header of safetensors: expected a whole number"},
        {"{\"a\":{\"shape\":[01]}}", "25 of the header of safetensors: expected a whole number"},
        {"{\"a\":{\"shape\":[1,]}}", "25 of the header of safetensors: expected a whole number"},
        {"{\"a\":{\"shape\":[99999999999999999999]}}",
         "42 of the header of safetensors: a number that no file needs: expected a smaller one"},
        {"{\"\x01\":{}}", "10 of the header of safetensors: expected a string of UTF-8 that ends"},
        {"{\"\xff\":{}}", "10 of the header of safetensors: expected a string of UTF-8 that ends"},
        {"{\"a", "10 of the header of safetensors: expected a string of UTF-8 that ends"},
        {"{\"a\\", "10 of the header of safetensors: expected a string of UTF-8 that ends"},
        {"{\"a\\\"", "10 of the header of safetensors: expected a string of UTF-8 that ends"},
        {"{\"\\x\":{}}",
         "10 of the header of safetensors: expected a string whose escapes are those of JSON"},
        {"{\"\\u12g4\":{}}",
         "10 of the header of safetensors: expected a string whose escapes are those of JSON"},
        {"{\"\\ud800\":{}}",
         "10 of the header of safetensors: expected a string whose escapes are those of JSON"},
        {"{\"\\ud800\\u0041\":{}}",
         "10 of the header of safetensors: expected a string whose escapes are those of JSON"},
        {"{\"\\udc00\\udc00\":{}}",
         "10 of the header of safetensors: expected a string whose escapes are those of JSON"},
        {"{\"\\ud800\\ue000\":{}}",
         "10 of the header of safetensors: expected a string whose escapes are those of JSON"},
        {"{\"\\udc00\":{}}",
         "10 of the header of safetensors: expected a string whose escapes are those of JSON"},
        {"{\"__metadata__\":{\"a\":1}}", "29 of the header of safetensors: expected a string"},
        {"{\"__metadata__\":null}", "24 of the header of safetensors: expected {"},
        {"{\"__metadata__\":{\"a\":\"b\",}}", "33 of the header of safetensors: expected a string"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char why[200];
        snprintf(why, sizeof why, ": byte %s", wrong[i].why);
        refuse(wrong[i].header, 0, why);
    }
}

static void refuses_lengths(void **state)
{
    (void)state;
    archives_refuse("m.safetensors", "\1\0\0\0", 4,
                    "m.safetensors: 4 bytes: expected the length of the header of safetensors");
    archives_refuse("m.safetensors", "\0\0\0\0\0\0\0\0", 8,
                    "m.safetensors: byte 8 of the header of safetensors: expected {");
    archives_refuse("m.safetensors", "\3\0\0\0\0\0\0\0{}", 10,
                    "m.safetensors: a header of 3 bytes in a file of 10: expected at most 100000000, and no "
                    "more than the file has");
    archives_refuse("m.safetensors", "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10,
                    "m.safetensors: a header of 18446744073709551615 bytes in a file of 10: expected at most "
                    "100000000, and no more than the file has");
}

/* ---- several files ---- */

static char folder[] = "/tmp/attn-test-XXXXXX";

static void put_file(const char *name, const void *bytes, size_t size)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state)
{
    (void)state;
    struct st_file file;
    if (!mkdtemp(folder))
        return -1;
    make(&file, "{" ENTRY("a", "U8", "1", "0", "1") "," ENTRY("b", "U8", "1", "1", "2") "}", 2);
    file.bytes[file.size - 2] = 1;
    file.bytes[file.size - 1] = 2;
    put_file("1.safetensors", file.bytes, file.size);
    make(&file, "{" ENTRY("c", "U8", "1", "0", "1") "}", 1);
    file.bytes[file.size - 1] = 3;
    put_file("2.safetensors", file.bytes, file.size);
    put_file("copy.safetensors", file.bytes, file.size);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* Opens the list, which is a file beside the others. */
static bool open_list(struct archive *archive, const char *text, struct error *error)
{
    char path[100];
    snprintf(path, sizeof path, "%s/m.safetensors.index.json", folder);
    put_file("m.safetensors.index.json", text, strlen(text));
    *error = (struct error){0};
    return archive_open(archive, path, NULL, error);
}

static void reads_several_files(void **state)
{
    (void)state;
    struct archive archive;
    struct error error;
    if (!open_list(&archive,
                   "{\"metadata\": {\"total_size\": 3.5e2, \"x\": [null, true, false, -0.1E-2, {}, [], "
                   "\"\\u0000\"]},\n"
                   " \"weight_map\": {\"c\": \"2.safetensors\", \"a\": \"1.safetensors\", \"b\": "
                   "\"1.safetensors\"}}\n",
                   &error))
        fail_msg("%s", error.message);
    assert_int_equal(archive.count, 3);
    assert_int_equal(archive.source_count, 3);
    archives_expect(&archive, "a", (const float[]){1}, 1);
    archives_expect(&archive, "b", (const float[]){2}, 1);
    archives_expect(&archive, "c", (const float[]){3}, 1);
    assert_false(archive_error(&archive, archive_find(&archive, "b"), &error, "x"));
    assert_non_null(strstr(error.message, "/1.safetensors:b: x"));
    archive_free(&archive);
    assert_true(open_list(&archive, "{\"weight_map\":{}}", &error));
    assert_int_equal(archive.count, 0);
    archive_free(&archive);
}

static void refuses_lists(void **state)
{
    (void)state;
    static const struct {
        const char *list, *file, *why;
        enum error_kind kind;
    } wrong[] = {
        {"{}", "m.safetensors.index.json", ": no weight_map: expected one, of names and files", ERROR_INPUT},
        {"", "m.safetensors.index.json", ": byte 0 of the list of files: expected {", ERROR_INPUT},
        {"{\"weight_map\":[]}", "m.safetensors.index.json", ": byte 14 of the list of files: expected {",
         ERROR_INPUT},
        {"{\"weight_map\":{\"a\":1}}", "m.safetensors.index.json",
         ": byte 19 of the list of files: expected a string", ERROR_INPUT},
        {"{\"weight_map\":{}} {}", "m.safetensors.index.json",
         ": byte 18 of the list of files: expected nothing behind the brace that ends it", ERROR_INPUT},
        {"{\"weight_map\":{},\"weight_map\":{}}", "m.safetensors.index.json",
         ": byte 30 of the list of files: weight_map stands twice: expected it once", ERROR_INPUT},
        {"{\"m\":tru,\"weight_map\":{}}", "m.safetensors.index.json",
         ": byte 5 of the list of files: expected a value", ERROR_INPUT},
        {"{\"m\":-,\"weight_map\":{}}", "m.safetensors.index.json",
         ": byte 6 of the list of files: expected a digit", ERROR_INPUT},
        {"{\"m\":012,\"weight_map\":{}}", "m.safetensors.index.json",
         ": byte 8 of the list of files: expected a digit", ERROR_INPUT},
        {"{\"m\":1.,\"weight_map\":{}}", "m.safetensors.index.json",
         ": byte 7 of the list of files: expected a digit", ERROR_INPUT},
        {"{\"m\":[1 2],\"weight_map\":{}}", "m.safetensors.index.json",
         ": byte 8 of the list of files: expected ]", ERROR_INPUT},
        {"{\"weight_map\":{\"a\":\"../1.safetensors\"}}", "m.safetensors.index.json",
         ": the file \"../1.safetensors\": expected one in the same folder", ERROR_INPUT},
        {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "m.safetensors.index.json",
         ": the file \"/etc/passwd\": expected one in the same folder", ERROR_INPUT},
        {"{\"weight_map\":{\"a\":\"..\"}}", "m.safetensors.index.json",
         ": the file \"..\": expected one in the same folder", ERROR_INPUT},
        {"{\"weight_map\":{\"a\":\"\"}}", "m.safetensors.index.json",
         ": the file \"\": expected one in the same folder", ERROR_INPUT},
        {"{\"weight_map\":{\"z\":\"2.safetensors\",\"c\":\"2.safetensors\"}}", "m.safetensors.index.json",
         ": z is in 2.safetensors: expected it there, and it is not", ERROR_INPUT},
        {"{\"weight_map\":{\"c\":\"1.safetensors\",\"a\":\"2.safetensors\"}}", "m.safetensors.index.json",
         ": c is in 1.safetensors: expected it there, and it is not", ERROR_INPUT},
        {"{\"weight_map\":{\"c\":\"2.safetensors\",\"c\":\"2.safetensors\"}}", "m.safetensors.index.json",
         ": c stands twice: expected it once", ERROR_INPUT},
        {"{\"weight_map\":{\"a\":\"1.safetensors\"}}", "1.safetensors",
         ":b: is not in the weight_map of DIR/m.safetensors.index.json: expected all arrays of its files "
         "there",
         ERROR_INPUT},
        {"{\"weight_map\":{\"c\":\"2.safetensors\",\"d\":\"copy.safetensors\"}}", "copy.safetensors",
         ":c: this name stands twice, also in DIR/2.safetensors: expected it once", ERROR_INPUT},
        {"{\"weight_map\":{\"a\":\"m.safetensors.index.json\"}}", "m.safetensors.index.json",
         ": a header of 8388068008349082235 bytes in a file of 47: expected at most 100000000, and no more "
         "than the "
         "file has",
         ERROR_INPUT},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct archive archive;
        struct error error;
        char message[600];
        assert_false(open_list(&archive, wrong[i].list, &error));
        const char *why = wrong[i].why, *other = strstr(why, "DIR");
        snprintf(message, sizeof message, "%s/%s%.*s%s%s", folder, wrong[i].file,
                 other ? (int)(other - why) : (int)strlen(why), why, other ? folder : "",
                 other ? other + 3 : "");
        assert_string_equal(error.message, message);
        assert_int_equal(error.kind, wrong[i].kind);
        archive_free(&archive);
    }
    struct archive archive;
    struct error error;
    assert_false(open_list(&archive, "{\"weight_map\":{\"a\":\"3.safetensors\"}}", &error));
    assert_non_null(strstr(error.message, "/3.safetensors"));
    assert_int_equal(error.kind, ERROR_SYSTEM);
    archive_free(&archive);
    /* Values that are deep: to the limit and no further. */
    for (int depth = STRICT_JSON_NESTING; depth <= STRICT_JSON_NESTING + 1; depth++) {
        char deep[200];
        snprintf(deep, sizeof deep, "{\"m\":%.*s0%.*s,\"weight_map\":{}}", depth,
                 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", depth,
                 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
        assert_int_equal(open_list(&archive, deep, &error), depth == STRICT_JSON_NESTING);
        if (error.kind != ERROR_NONE)
            assert_non_null(
                strstr(error.message, "of the list of files: lists in lists: expected them less deep"));
        archive_free(&archive);
    }
}

/* ---- writing ---- */

static void writes(void **state)
{
    (void)state;
    const float floats[] = {1, -2.5F, 3};
    const uint8_t bytes[] = {7, 8, 9};
    const int64_t wide[] = {-5};
    const struct array arrays[] = {
        archives_array("z", DTYPE_U8, bytes, 1, (const size_t[]){3}),
        archives_array("b", DTYPE_F32, floats, 2, (const size_t[]){3, 1}),
        archives_array("a", DTYPE_F32, floats, 0, NULL),
        archives_array("é\"", DTYPE_I64, wide, 1, (const size_t[]){1}),
        archives_array("none", DTYPE_F16, bytes, 2, (const size_t[]){0, 2}),
    };
    const struct metadatum metadata[] = {
        {.key = "format", .kind = METADATUM_TEXT, .data = "pt and more", .size = 2, .bytes = 2},
        {.key = "k\"", .kind = METADATUM_TEXT, .data = "a\nb", .size = 3, .bytes = 3},
    };
    struct out out;
    struct archive archive;
    archives_write(&out, &format_safetensors, arrays, 5, metadata, 2);
    static const char header[] = "{\"__metadata__\":{\"format\":\"pt\",\"k\\\"\":\"a\\nb\"},"
                                 "\"é\\\"\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                                 "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]},"
                                 "\"b\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[12,24]},"
                                 "\"none\":{\"dtype\":\"F16\",\"shape\":[0,2],\"data_offsets\":[24,24]},"
                                 "\"z\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[24,27]}}";
    assert_memory_equal(out.data + 8, header, sizeof header - 1);
    assert_int_equal((out.size - 27) % 8, 0);
    assert_int_equal((unsigned char)out.data[0] + 256 * (unsigned char)out.data[1], out.size - 27 - 8);
    archives_open(&archive, "w", out.data, out.size);
    assert_int_equal(archive.count, 5);
    archives_expect(&archive, "z", (const float[]){7, 8, 9}, 3);
    archives_expect(&archive, "b", floats, 3);
    archives_expect(&archive, "a", floats, 1);
    archives_expect(&archive, "é\"", (const float[]){-5}, 1);
    assert_memory_equal(archive_metadatum(&archive, "k\"")->data, "a\nb", 3);
    archive_free(&archive);
    out_free(&out);
    archives_write(&out, &format_safetensors, arrays, 0, NULL, 0);
    assert_int_equal(out.size, 16);
    assert_memory_equal(out.data, "\x8\0\0\0\0\0\0\0{}      ", 16);
    out_free(&out);
    for (enum dtype dtype = DTYPE_UNKNOWN; dtype < DTYPE_COUNT; dtype++)
        assert_int_equal(format_safetensors.holds(dtype), dtype <= DTYPE_F64 ? dtype : DTYPE_UNKNOWN);
}

static void refuses_names(void **state)
{
    (void)state;
    const float number = 1;
    struct array arrays[] = {archives_array("a", DTYPE_F32, &number, 0, NULL),
                             archives_array("b", DTYPE_F32, &number, 0, NULL),
                             archives_array("a", DTYPE_F32, &number, 0, NULL)};
    archives_refuse_write(&format_safetensors, arrays, 3,
                          "a: two arrays have this name: expected names that differ");
    arrays[0].name = "__metadata__";
    archives_refuse_write(
        &format_safetensors, arrays, 3,
        "__metadata__: an array of safetensors cannot have this name: expected text in UTF-8, and "
        "not __metadata__");
    arrays[0].name = "\xff";
    archives_refuse_write(
        &format_safetensors, arrays, 3,
        "\\xFF: an array of safetensors cannot have this name: expected text in UTF-8, and not "
        "__metadata__");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_types),     cmocka_unit_test(reads_headers),
        cmocka_unit_test(refuses_places),  cmocka_unit_test(refuses_headers),
        cmocka_unit_test(refuses_lengths), cmocka_unit_test(reads_several_files),
        cmocka_unit_test(refuses_lists),   cmocka_unit_test(writes),
        cmocka_unit_test(refuses_names),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
