/* PyTorch's files by hand, of both forms: tensors as views of storages, what lies beside them, and every way to be wrong. */
#include "archives.h"
#include "tensor/torch_names.h"
#include "zips.h"

/* ---- pickles, as literals ---- */

#define TEXT(length, text) "X" length "\0\0\0" text
#define NAME(module, name) "c" module "\n" name "\n"
#define STORAGE(kind, key, count)                                                                            \
    "(" TEXT("\7", "storage") NAME("torch", kind) TEXT("\1", key) TEXT("\3", "cpu") "K" count "tQ"
#define REBUILD(function, arguments) NAME("torch._utils", function) "(" arguments "tR"
#define TENSOR(storage, first, size, stride)                                                                 \
    REBUILD("_rebuild_tensor_v2",                                                                            \
            storage "K" first size stride "\x89" NAME("collections", "OrderedDict") ")R")
/* The six numbers 0 to 5. */
#define SIX STORAGE("FloatStorage", "0", "\6")
#define WHOLE TENSOR(SIX, "\0", "K\2K\3\x86", "K\3K\1\x86")

struct part {
    const char *data;
    size_t size;
};
#define PART(bytes) ((struct part){bytes, sizeof(bytes) - 1})

struct file {
    char data[8192];
    size_t size;
};

static void put(struct file *file, struct part part)
{
    assert_true(file->size + part.size <= sizeof file->data);
    memcpy(file->data + file->size, part.data, part.size);
    file->size += part.size;
}

/* ---- files ---- */

static const float six[] = {0, 1, 2, 3, 4, 5};
static const struct part six_part = {(const char *)(const void *)six, sizeof six};

/* The form before 1.6: an object, the list of keys, and the storages as they lie there. */
static struct file old_file(struct part object, struct part keys, struct part storages)
{
    struct file file = {.size = 0};
    put(&file, PART("\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\2M\xe9\3.\x80\2}."));
    put(&file, PART("\x80\2"));
    put(&file, object);
    put(&file, PART(".\x80\2"));
    put(&file, keys);
    put(&file, PART("."));
    put(&file, storages);
    return file;
}

/* That form with the storage 0, of the six numbers, if the object speaks of storages. */
static struct file old_six(struct part object)
{
    struct file storages = {.size = 0};
    put(&storages, PART("\6\0\0\0\0\0\0\0"));
    put(&storages, six_part);
    const bool has_storage = memmem(object.data, object.size, "storage", 7);
    return old_file(object, has_storage ? PART("](" TEXT("\1", "0") "e") : PART("]"),
                    (struct part){storages.data, has_storage ? storages.size : 0});
}

struct member {
    const char *name;
    struct part part;
    int method;
};

/* The form since: a zip of these members. */
static struct file zip_file(const struct member *members, size_t count)
{
    struct file file = {.size = 0};
    const struct zips_made made = zips_begin();
    for (size_t i = 0; i < count; i++)
        zips_add(&made, members[i].name, members[i].part.data, members[i].part.size, members[i].method);
    const struct zipped zipped = zips_end(&made);
    put(&file, (struct part){zipped.data, zipped.size});
    free(zipped.data);
    return file;
}

static struct file zip_six(struct part pickle, int method)
{
    const struct member members[] = {{"m/data.pkl", pickle, method}, {"m/data/0", six_part, method}};
    return zip_file(members, 2);
}

/* ---- reading ---- */

static bool open_file(struct archive *archive, const struct file *file, struct error *error)
{
    struct source source = archives_source("F", file->data, file->size);
    *error = (struct error){0};
    return archive_open_source(archive, &source, &format_torch, error);
}

static void expect_opens(struct archive *archive, const struct file *file)
{
    struct error error = {0};
    if (!open_file(archive, file, &error))
        fail_msg("%s", error.message);
    assert_int_equal(format_torch.probe(file->data, file->size, "x"), 2);
}

static void expect_message(const struct file *file, const char *message)
{
    struct archive archive;
    struct error error = {0};
    assert_false(open_file(&archive, file, &error));
    assert_int_equal(error.kind, ERROR_INPUT);
    if (strstr(error.message, message) != error.message)
        fail_msg("expected \"%s\": \"%s\"", message, error.message);
    archive_free(&archive);
}

/* An array has this type, and these numbers one after another. */
static void expect_array(struct archive *archive, const char *name, const char *type, const char *shape,
                         const float *numbers)
{
    char text[ARRAY_SHAPE_TEXT];
    float room[64];
    size_t count;
    struct error error = {0};
    struct array *array = archive_find(archive, name);
    if (!array)
        fail_msg("no array %s", name);
    assert_string_equal(array->type, type);
    assert_string_equal(array_shape(array, text), shape);
    if (!archive_load(archive, array, &error))
        fail_msg("%s", error.message);
    assert_true(array_count(array, &count) && count <= 64);
    array_widen(array, room);
    for (size_t i = 0; i < count; i++)
        if (room[i] != numbers[i])
            fail_msg("%s: number %zu is %g: expected %g", name, i, (double)room[i], (double)numbers[i]);
}

/* Opens an object in the form before 1.6 and in a zip; its array "" is this. */
static void expect_both(struct part object, const char *type, const char *shape, const float *numbers)
{
    struct file pickle = {.size = 0};
    put(&pickle, object);
    put(&pickle, PART("."));
    const struct file files[] = {old_six(object),
                                 zip_six((struct part){pickle.data, pickle.size}, ZIP_CM_STORE),
                                 zip_six((struct part){pickle.data, pickle.size}, ZIP_CM_DEFLATE)};
    for (int i = 0; i < 3; i++) {
        struct archive archive;
        expect_opens(&archive, &files[i]);
        assert_int_equal(archive.count, 1);
        expect_array(&archive, "", type, shape, numbers);
        archive_free(&archive);
    }
}
#define BOTH(object, type, shape, ...) expect_both(PART(object), type, shape, (const float[]){__VA_ARGS__})

/* ---- tests ---- */

static void test_views(void **state)
{
    (void)state;
    BOTH(WHOLE, "float32", "2×3", 0, 1, 2, 3, 4, 5);
    BOTH(TENSOR(SIX, "\0", "K\3K\2\x86", "K\1K\3\x86"), "float32", "3×2", 0, 3, 1, 4, 2, 5);
    BOTH(TENSOR(SIX, "\1", "K\2K\2\x86", "K\0K\4\x86"), "float32", "2×2", 1, 5, 1, 5);
    BOTH(TENSOR(SIX, "\5", ")", ")"), "float32", "a number", 5);
    BOTH(TENSOR(SIX, "\2", "K\0\x85", "K\1\x85"), "float32", "0 numbers", 0);
    /* Nothing of an empty tensor lies anywhere, and an axis of one number leads nowhere. */
    BOTH(TENSOR(SIX, "\xff", "K\0K\2\x86", "K\1K\1\x86"), "float32", "0×2", 0);
    BOTH(TENSOR(SIX, "\1", "K\1K\2\x86", "\x8a\7\xff\xff\xff\xff\xff\xff\x7fK\2\x86"), "float32", "1×2", 1,
         3);
    BOTH(TENSOR(SIX, "\1", NAME("torch", "Size") "(K\2\x85tR", "K\1\x85"), "float32", "2 numbers", 1, 2);
    BOTH(SIX, "float32", "6 numbers", 0, 1, 2, 3, 4, 5);
}

/* Also where no number is read, addresses and steps stay within the storage. */
static void test_bounds(void **state)
{
    (void)state;
    struct archive archive;
    struct file file = old_six(PART(TENSOR(SIX, "\xff", "K\0K\2\x86", "K\1K\1\x86")));
    expect_opens(&archive, &file);
    assert_true(archive.arrays[0].data <= archive.sources[0].data + file.size);
    archive_free(&archive);
    file = old_six(PART(TENSOR(SIX, "\1", "K\1K\2\x86", "\x8a\7\xff\xff\xff\xff\xff\xff\x7fK\2\x86")));
    expect_opens(&archive, &file);
    assert_int_equal(archive.arrays[0].stride[0], 0);
    assert_int_equal(archive.arrays[0].stride[1], 2);
    archive_free(&archive);
    /* 3 + 2·(2^63 - 1) is 1, of 64 bits. */
#define FAR "\x8a\10\xff\xff\xff\xff\xff\xff\xff\x7f"
    file = old_six(PART(TENSOR(SIX, "\3", "K\2K\2\x86", FAR FAR "\x86")));
    expect_message(&file,
                   "F: a tensor of 2×2, from number 3 on, leaves its storage: expected at most 6 numbers");
}

static void test_rebuilders(void **state)
{
    (void)state;
    BOTH(REBUILD("_rebuild_tensor", SIX "K\4K\2\x85K\1\x85"), "float32", "2 numbers", 4, 5);
    BOTH(REBUILD("_rebuild_parameter", TENSOR(SIX, "\3", "K\2\x85", "K\2\x85") "\x88N"), "float32",
         "2 numbers", 3, 5);
    BOTH(REBUILD("_rebuild_parameter_with_state", TENSOR(SIX, "\3", ")", ")") "\x88N}"), "float32",
         "a number", 3);
    BOTH(NAME("torch._tensor", "_rebuild_from_type_v2") "(" NAME("torch._utils", "_rebuild_tensor_v2")
             NAME("torch", "Tensor") "(" SIX "K\1K\2\x85K\1\x85\x89Nt}tR",
         "float32", "2 numbers", 1, 2);
    /* 24 bytes as 12 numbers of 16 bits, or 24 of 8: those of the float 5 (0x40a00000) are the last. */
#define BYTES(first, type)                                                                                   \
    PART(REBUILD("_rebuild_tensor_v3",                                                                       \
                 "(" TEXT("\7", "storage") NAME("torch.storage", "UntypedStorage") TEXT("\1", "0")           \
                     TEXT("\3", "cpu") "K\x18tQK" first "K\2\x85K\1\x85\x89N" NAME("torch", type)) ".")
    const struct {
        struct part object;
        const char *type;
        float numbers[2];
    } cases[] = {{BYTES("\x0a", "uint16"), "uint16", {0, 0x40a0}},
                 {BYTES("\x16", "float8_e4m3fn"), "float8_e4m3fn", {-0.125F, 2}},
                 {BYTES("\x16", "float8_e5m2"), "float8_e5m2", {-0x1p-7F, 2}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct file file = zip_six(cases[i].object, 0);
        struct archive archive;
        expect_opens(&archive, &file);
        expect_array(&archive, "", cases[i].type, "2 numbers", cases[i].numbers);
        archive_free(&archive);
    }
}

/* Storages of each class: 16 bytes that are one number, and more than one where it has fewer bytes. */
static void test_types(void **state)
{
    (void)state;
#define ONE(kind, count, type, number)                                                                       \
    {                                                                                                        \
        PART(TENSOR(STORAGE(kind, "0", count), "\0", ")", ")")), type, count[0], number                      \
    }
    const struct {
        struct part object;
        const char *type;
        char count;
        float number;
    } given[] = {
        ONE("FloatStorage", "\4", "float32", 2),
        ONE("DoubleStorage", "\2", "float64", 2.0F + 0x1p-21F),
        ONE("HalfStorage", "\10", "float16", 0),
        ONE("BFloat16Storage", "\10", "bfloat16", 0),
        ONE("LongStorage", "\2", "int64", 0x4000000040000000p0F),
        ONE("IntStorage", "\4", "int32", 0x40000000p0F),
        ONE("ShortStorage", "\10", "int16", 0),
        ONE("CharStorage", "\20", "int8", 0),
        ONE("ByteStorage", "\20", "uint8", 0),
        ONE("BoolStorage", "\20", "bool", 0),
        ONE("UntypedStorage", "\20", "uint8", 0),
        ONE("ComplexFloatStorage", "\2", "complex64", 0),
        ONE("ComplexDoubleStorage", "\1", "complex128", 0),
    };
#undef ONE
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        struct archive archive;
        struct file storage = {.size = 0};
        put(&storage, (struct part){&given[i].count, 1});
        put(&storage, PART("\0\0\0\0\0\0\0\0\0\0\x40\0\0\0\x40\0\0\0\0\0\0\0\0"));
        const struct file file = old_file(given[i].object, PART("](" TEXT("\1", "0") "e"),
                                          (struct part){storage.data, storage.size});
        expect_opens(&archive, &file);
        if (dtype_kind(archive.arrays[0].dtype)->widen)
            expect_array(&archive, "", given[i].type, "a number", &given[i].number);
        assert_string_equal(archive.arrays[0].type, given[i].type);
        assert_int_equal(archive.arrays[0].bytes * (size_t)given[i].count, 16);
        archive_free(&archive);
    }
}

static void test_in_place(void **state)
{
    (void)state;
    for (int is_deflated = 0; is_deflated < 2; is_deflated++) {
        struct archive archive;
        struct error error = {0};
        const struct file file = zip_six(
            PART("}(" TEXT("\1", "a") WHOLE TEXT("\1", "b") TENSOR(SIX, "\4", "K\2\x85", "K\1\x85") "u."),
            is_deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE);
        expect_opens(&archive, &file);
        const struct source *source = &archive.sources[0];
        struct array *a = archive_find(&archive, "a"), *b = archive_find(&archive, "b");
        assert_true(is_deflated ? !a->data : a->data > source->data && a->data < source->data + source->size);
        assert_true(archive_load(&archive, a, &error) && archive_load(&archive, b, &error));
        /* They share their storage, which is unpacked once. */
        assert_true(b->data == a->data + 16);
        assert_int_equal(a->bytes, 24);
        archive_free(&archive);
    }
}

static void test_big_endian(void **state)
{
    (void)state;
    char swapped[sizeof six];
    for (size_t i = 0; i < sizeof six; i++)
        swapped[i] = six_part.data[i ^ 3];
    struct member members[] = {{"m/data.pkl", PART(WHOLE "."), 0},
                               {"m/data/0", {swapped, sizeof swapped}, 0},
                               {"m/byteorder", PART("big"), 0}};
    struct archive archive;
    struct file file = zip_file(members, 3);
    expect_opens(&archive, &file);
    expect_array(&archive, "", "float32", "2×3", six);
    archive_free(&archive);
    /* A byte has no order. */
    members[0].part = PART(STORAGE("ByteStorage", "0", "\30") ".");
    file = zip_file(members, 3);
    expect_opens(&archive, &file);
    assert_false(archive.arrays[0].swapped);
    archive_free(&archive);
    members[2].part = PART("middle");
    file = zip_file(members, 3);
    expect_message(&file, "F:m/byteorder: an unknown byte order: expected little or big");
}

/* Before 1.6, a storage could be a part of another: numbers 2 to 4 of the six. */
static void test_parts(void **state)
{
    (void)state;
#define PARTLY(first, count, at)                                                                             \
    TENSOR("(" TEXT("\7", "storage") NAME("torch", "FloatStorage") TEXT("\1", "0")                           \
               TEXT("\3", "cpu") "K\6(" TEXT("\1", "v") "K" first "K" count "ttQ",                           \
           at, "K\2\x85", "K\1\x85")
    struct archive archive;
    struct file file = old_six(PART(PARTLY("\2", "\3", "\1")));
    expect_opens(&archive, &file);
    expect_array(&archive, "", "float32", "2 numbers", (const float[]){3, 4});
    archive_free(&archive);
    file = old_six(PART(PARTLY("\2", "\3", "\2")));
    expect_message(
        &file, "F: a tensor of 2 numbers, from number 2 on, leaves its storage: expected at most 3 numbers");
    file = old_six(PART(PARTLY("\4", "\3", "\0")));
    expect_message(&file, "F: a part of a storage at byte ");
    file = old_six(PART(PARTLY("\7", "\0", "\0")));
    expect_message(&file, "F: a part of a storage at byte ");
}

static void test_names(void **state)
{
    (void)state;
    struct archive archive;
    const struct file file = old_six(PART(
        /* {'m': OrderedDict by items, 'old': OrderedDict([['w', tensor]]) with a state, 'l': [tensor, (7, tensor)], 5: tensor,
         * 'n': Namespace, 'd': defaultdict, 'x.y': tensor, 'x': {'y': tensor}} */
        "}(" TEXT("\1", "m") NAME("collections", "OrderedDict") ")R" TEXT("\1", "w") WHOLE
        "q\5s" TEXT("\3", "old")
            NAME("collections", "OrderedDict") "](](" TEXT("\1", "w") "h\5ee\x85R}" TEXT("\11", "_metadata") "h\5sb" TEXT(
                "\1", "l") "](h\5K\7h\5\x86"
                           "e"
                           "K\5h\5" TEXT("\1", "n") NAME("argparse", "Namespace") ")\x81}" TEXT(
                               "\1", "w") "h\5sb" TEXT("\1", "d") NAME("collections", "defaultdict")
                               NAME("__builtin__", "list") "\x85R" TEXT("\1", "w") "h\5s" TEXT(
                                   "\3", "x.y") "h\5" TEXT("\1",
                                                           "x") "}(" TEXT("\1",
                                                                          "y") "h\5" TEXT("\1",
                                                                                          "y") "h\5uu"));
    static const char *const wanted[] = {"m.w", "old.w", "l.0", "l.1.1", "5",
                                         "n.w", "d.w",   "x.y", "x.y#2", "x.y#3"};
    expect_opens(&archive, &file);
    for (size_t i = 0; i < archive.count; i++)
        assert_string_equal(archive.arrays[i].name, wanted[i]);
    assert_int_equal(archive.count, sizeof wanted / sizeof *wanted);
    expect_array(&archive, "x.y#3", "float32", "2×3", six);
    assert_int_equal(archive_metadatum(&archive, "l.1.0")->integer, 7);
    assert_int_equal(archive.metadata_count, 1);
    archive_free(&archive);
}

static void test_metadata(void **state)
{
    (void)state;
    struct archive archive;
    const struct file file = old_six(PART(
        "}(" TEXT("\1", "t") TEXT("\2", "hi")
            TEXT("\1", "i") "J\xff\xff\xff\xff" TEXT("\1", "r") "G\x3f\xe0\0\0\0\0\0\0" TEXT("\1", "y") "\x88" TEXT("\1", "0") "N" TEXT("\1", "b") "C\1x" TEXT(
                "\1",
                "u") "\x8a\11\0\0\0\0\0\0\0\x80\0" TEXT("\1",
                                                        "h") "\x8a\12\0\0\0\0\0\0\0\0\0"
                                                             "\1" TEXT("\1", "s") "](K\1K\2e" TEXT("\1", "q") "](K\1G\x3f\xe0\0\0\0\0\0\0e" TEXT(
                                                                 "\1", "w") "](" TEXT("\1", "a")
                                                                 TEXT("\2", "bc") "e" TEXT(
                                                                     "\1",
                                                                     "f") NAME("torch", "bfloat16") TEXT("\1",
                                                                                                         "c")
                                                                     NAME("torch", "device") TEXT(
                                                                         "\4", "cuda") "K\1\x86R" TEXT("\1",
                                                                                                       "g")
                                                                         NAME("torc"
                                                                              "h",
                                                                              "devi"
                                                                              "ce") TEXT("\3",
                                                                                         "cp"
                                                                                         "u") "\x85R" TEXT("\1",
                                                                                                           "e")
                                                                             NAME(
                                                                                 "__builtin__",
                                                                                 "set") "](K\3e\x85R" TEXT("\1",
                                                                                                           "z")
                                                                                 NAME("_code"
                                                                                      "cs",
                                                                                      "encod"
                                                                                      "e") TEXT("\1", "z")
                                                                                     TEXT("\6", "la"
                                                                                                "ti"
                                                                                                "n"
                                                                                                "1") "\x86R"
                                                                                                     "u"));
    expect_opens(&archive, &file);
    assert_int_equal(archive.metadata_count, 12);
    const struct metadatum *t = archive_metadatum(&archive, "t"), *w = archive_metadatum(&archive, "w");
    assert_int_equal(t->kind, METADATUM_TEXT);
    assert_int_equal(t->size, 2);
    assert_memory_equal(t->data, "hi", 2);
    assert_int_equal(archive_metadatum(&archive, "i")->integer, -1);
    assert_int_equal(archive_metadatum(&archive, "i")->kind, METADATUM_INTEGER);
    assert_true(archive_metadatum(&archive, "r")->real == 0.5 &&
                archive_metadatum(&archive, "r")->kind == METADATUM_REAL);
    assert_true(archive_metadatum(&archive, "y")->integer == 1 &&
                archive_metadatum(&archive, "y")->kind == METADATUM_TRUTH);
    assert_true(archive_metadatum(&archive, "u")->is_unsigned);
    assert_int_equal(archive_metadatum(&archive, "s")->dtype, DTYPE_I64);
    assert_memory_equal(archive_metadatum(&archive, "s")->data, ((const int64_t[]){1, 2}), 16);
    assert_int_equal(archive_metadatum(&archive, "q")->dtype, DTYPE_F64);
    assert_memory_equal(archive_metadatum(&archive, "q")->data, ((const double[]){1, 0.5}), 16);
    assert_true(w->dtype == DTYPE_UNKNOWN && w->size == 2 && w->bytes == 19);
    assert_memory_equal(w->data, "\1\0\0\0\0\0\0\0a\2\0\0\0\0\0\0\0bc", 19);
    assert_memory_equal(archive_metadatum(&archive, "f")->data, "bfloat16", 8);
    assert_memory_equal(archive_metadatum(&archive, "c")->data, "cuda:1", 6);
    assert_int_equal(archive_metadatum(&archive, "c")->size, 6);
    assert_int_equal(archive_metadatum(&archive, "g")->size, 3);
    assert_int_equal(archive_metadatum(&archive, "e")->size, 1);
    archive_free(&archive);
}

#define DTYPE(code, order)                                                                                   \
    NAME("numpy", "dtype")                                                                                   \
    TEXT("\2", code) "\x89\x88\x87R(K\3" TEXT("\1", order) "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
#define RECONSTRUCT(module)                                                                                  \
    NAME(module, "_reconstruct")                                                                             \
    NAME("numpy", "ndarray")                                                                                 \
    "K\0\x85"                                                                                                \
    "C\1b\x87R"
#define LATIN(length, text) NAME("_codecs", "encode") TEXT(length, text) TEXT("\6", "latin1") "\x86R"

static void test_numpy(void **state)
{
    (void)state;
    BOTH(RECONSTRUCT("numpy.core.multiarray") "(K\1K\2\x85" DTYPE("i2", "<") "\x89"
                                                                             "C\4\1\0\xff\xfftb",
         "int16", "2 numbers", 1, -1);
    BOTH(RECONSTRUCT("numpy._core.multiarray") "(K\1K\2K\2\x86" DTYPE("u1", "|") "\x88"
                                                                                 "C\4\1\2\3\4tb",
         "uint8", "2×2", 1, 3, 2, 4);
    BOTH(RECONSTRUCT("numpy.core.multiarray") "(K\1K\1\x85" DTYPE("i2", ">") "\x89" LATIN("\3",
                                                                                          "\1\xc3\xbf") "tb",
         "int16", "1 number", 511);
    BOTH(NAME("numpy.core.multiarray", "scalar") DTYPE("f4", "<") LATIN("\6", "\0\0\xc3\x80\xc2\xbf") "\x86R",
         "float32", "a number", -1.5F);
}

/* An object, in the form before 1.6, and its message. */
static void test_wrong_objects(void **state)
{
    (void)state;
    static const struct {
        struct part object;
        const char *message;
    } given[] = {
#define WRONG(object, message) {{object, sizeof(object) - 1}, message}
        WRONG(TENSOR(SIX, "\1", "K\2K\3\x86", "K\3K\1\x86"),
              "F: a tensor of 2×3, from number 1 on, leaves its storage: expected at most 6 numbers"),
        WRONG(TENSOR(SIX, "\6", ")", ")"), "F: a tensor of a number, from number 6 on, leaves its storage"),
        WRONG(TENSOR(SIX, "\0", "K\3\x85", "\x8a\10\xff\xff\xff\xff\xff\xff\xff\x7f\x85"),
              "F: a tensor of 3 numbers, from"),
        WRONG(TENSOR(SIX, "\1", "K\2\x85", "\x8a\10\xff\xff\xff\xff\xff\xff\xff\x7f\x85"),
              "F: a tensor of 2 numbers, from"),
        WRONG(TENSOR(SIX, "\0", "J\xff\xff\xff\xff\x85", "K\1\x85"),
              "F: a tensor without size, strides and offset"),
        WRONG(TENSOR(SIX, "\0", "K\1\x85", "J\xff\xff\xff\xff\x85"),
              "F: a tensor without size, strides and offset"),
        WRONG(TENSOR(SIX, "\0", "K\2K\3\x86", "K\1\x85"), "F: a tensor without size, strides and offset"),
        WRONG(TENSOR(SIX, "\0", "K\2", "K\1\x85"), "F: a tensor without size, strides and offset"),
        WRONG(TENSOR(SIX, "\0", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t"),
              "F: a tensor without size, strides and offset: expected at most 8 axes"),
        WRONG(TENSOR(SIX, "\0", "J\0\0\0\x7fJ\0\0\0\x7fJ\0\0\0\x7f\x87", "K\0K\0K\0\x87"),
              "F: a tensor of 2130706432×"),
        WRONG(TENSOR(SIX, "\0", "J\0\0\0\x7f\x85", "K\0\x85"),
              "F: a tensor of 2130706432 numbers repeats 6 numbers: expected at most"),
        WRONG("}" TEXT("\1", "k") TENSOR(SIX, "\6", ")", ")") "s",
              "F:k: a tensor of a number, from number 6 on"),
        WRONG(TENSOR("K\1", "\0", ")", ")"), "F: a tensor without a storage: expected one"),
        WRONG(REBUILD("_rebuild_parameter", "K\1\x88N"), "F: a parameter without a tensor: expected one"),
        WRONG(REBUILD("_rebuild_tensor", ""), "F: a tensor without a storage: expected one"),
        WRONG(REBUILD("_rebuild_tensor_v3", SIX "K\0))\x89NN"), "F: a tensor without a type: expected one"),
        WRONG("K\1Q", "F: a pickle that refers at byte 29 to what is no storage: expected ('storage', class, "
                      "key, location, size)"),
        WRONG("(" TEXT("\6", "module") "NNNtQ", "F: a pickle that refers at byte "),
        WRONG(SIX STORAGE("FloatStorage", "0", "\5") "\x86",
              "F: storage 0 has 20 and 24 bytes: expected one size"),
        WRONG(STORAGE("FloatStorage", "1", "\6"),
              "F: a list of storages whose item 0 is none: expected the keys of all"),
        WRONG(SIX STORAGE("FloatStorage", "1", "\6") "\x86", "F: lacks a storage: expected 2"),
        WRONG(STORAGE("FloatStorage", "0", "\5"), "F: a storage of 6 numbers at byte "),
        WRONG("}" TEXT("\3", "a\0b") WHOLE "s", "F: a key with a NUL byte: expected text"),
        WRONG(NAME("torch._utils", "_rebuild_qtensor"),
              "F: a pickle that names torch._utils._rebuild_qtensor at byte 27, a quantized tensor: expected "
              "plain numbers; in "
              "PyTorch, save tensor.dequantize() instead"),
        WRONG(NAME("torch._utils", "_rebuild_sparse_tensor"),
              "F: a pickle that names torch._utils._rebuild_sparse_tensor at byte 27, a sparse tensor: "
              "expected"),
        WRONG(NAME("builtins", "print") TEXT("\1", "x") "\x85R",
              "F: a pickle that names builtins.print, which is not run, at byte 27: expected tensors, "
              "numbers, texts and plain "
              "containers; in PyTorch, save model.state_dict() instead"),
        WRONG(NAME("made_up", "nothing"),
              "F: a pickle that names made_up.nothing, which is not run, at byte 27"),
        WRONG(NAME("__torch__.m", "Net"),
              "F: a pickle that names __torch__.m.Net at byte 27, which is part of a TorchScript program"),
        WRONG(NAME("torch", "FloatStorage") ")R", "F: a pickle that calls what is no function at byte "),
        WRONG(NAME("torch", "device") ")R}b", "F: a pickle that gives a state to what has none at byte "),
        WRONG(RECONSTRUCT("numpy.core.multiarray") "(K\1K\3\x85" DTYPE("i2", "<") "\x89"
                                                                                  "C\4\1\0\xff\xfftb",
              "F: an array of 3 numbers in 4 bytes: expected 6"),
        WRONG(RECONSTRUCT("numpy.core.multiarray") "(K\1K\1\x85" DTYPE("i2", "<") "\x89" LATIN(
                  "\3", "\xe4\xb8\x80") "tb",
              "F: an array of 1 number in 0 bytes: expected 2"),
        WRONG(RECONSTRUCT("numpy.core.multiarray") "(K\1K\3\x85" DTYPE("O8", "|") "\x89]tb",
              "F: an array of NumPy's, of a type that is not read: expected numbers of at most 8 axes"),
        WRONG(RECONSTRUCT("numpy.core.multiarray"), "F: an array of NumPy's, of a type that is not read"),
#undef WRONG
    };
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        const struct file file = old_six(given[i].object);
        expect_message(&file, given[i].message);
    }
}

static void test_wrong_files(void **state)
{
    (void)state;
    struct file file =
        old_file(PART(SIX), PART("](" TEXT("\1", "0") TEXT("\1", "0") "e"), PART("\6\0\0\0\0\0\0\0"));
    expect_message(&file, "F: a storage of 24 bytes at byte ");
    file = old_file(PART(STORAGE("ByteStorage", "0", "\1")), PART("](" TEXT("\1", "0") TEXT("\1", "0") "e"),
                    PART("\1\0\0\0\0\0\0\0x\1\0\0\0\0\0\0\0y"));
    expect_message(&file, "F: a list of storages whose item 1 is none: expected the keys of all");
    file = old_file(PART(SIX), PART("](" TEXT("\1", "0") "e"), PART("\6\0\0"));
    expect_message(&file, "F: ends at byte ");
    file = old_file(PART("N"), PART("](K\1e"), PART(""));
    expect_message(&file, "F: a list of storages whose item 0 is none: expected the keys of all");
    file = old_six(PART(SIX));
    file.data[18] = '\xe8';
    expect_message(&file, "F: of an unknown version of torch.save: expected 1001");
    file = old_six(PART(SIX));
    file.data[2] = 'N';
    expect_message(&file, "F: no file of PyTorch's: expected what torch.save writes");
    const struct member script[] = {{"m/data.pkl", PART("N."), 0}, {"m/constants.pkl", PART("N."), 0}};
    file = zip_file(script, 2);
    expect_message(&file, "F: a TorchScript program: expected a file of torch.save(model.state_dict(), …)");
    file = zip_file(script + 1, 1);
    expect_message(&file, "F: a zip without NAME/data.pkl: expected a file of torch.save");
    assert_int_equal(format_torch.probe(file.data, file.size, "x.npz"), 0);
    assert_int_equal(format_torch.probe(file.data, file.size, "x.pt"), 1);
    assert_int_equal(format_torch.probe(file.data, file.size, "x.bin"), 0);
    const struct member lacks[] = {{"m/data.pkl", PART(SIX "."), 0}, {"m/data/1", six_part, 0}};
    file = zip_file(lacks, 2);
    expect_message(&file, "F: has no member data/0: expected a file that was copied whole");
    const struct member shorter[] = {{"m/data.pkl", PART(SIX "."), 0}, {"m/data/0", PART("1234"), 0}};
    file = zip_file(shorter, 2);
    expect_message(&file, "F:m/data/0: has 4 bytes: expected at least 24");
    const struct member early[] = {{"m/data.pkl", PART(SIX), 0}, {"m/data/0", six_part, 0}};
    file = zip_file(early, 2);
    expect_message(&file, "F:m/data.pkl: a pickle that ends early at byte ");
}

/* What contains itself is not entered again; what repeats itself ends, soon and with an error. */
static void test_bombs(void **state)
{
    (void)state;
    struct archive archive;
    struct file file = old_six(PART("]q\0(h\0" WHOLE "h\0e"));
    expect_opens(&archive, &file);
    assert_int_equal(archive.count, 1);
    assert_string_equal(archive.arrays[0].name, "1");
    archive_free(&archive);
    struct file object = {.size = 0};
    put(&object, PART("]q\0"));
    for (char i = 1; i < 40; i++) {
        put(&object, PART("](h"));
        put(&object, (struct part){(char[]){(char)(i - 1)}, 1});
        put(&object, PART("h"));
        put(&object, (struct part){(char[]){(char)(i - 1)}, 1});
        put(&object, PART("eq"));
        put(&object, (struct part){&i, 1});
    }
    /* Only the last is left. */
    put(&object, PART("\x85"));
    struct file popped = {.size = 0};
    put(&popped, PART("("));
    put(&popped, (struct part){object.data, object.size});
    put(&popped, PART("1h\47"));
    file = old_six((struct part){popped.data, popped.size});
    expect_message(&file, "F:0.0.");
    object.size = 0;
    for (int i = 0; i < 100; i++)
        put(&object, PART("]"));
    for (int i = 1; i < 100; i++)
        put(&object, PART("a"));
    file = old_six((struct part){object.data, object.size});
    expect_message(&file, "F: a pickle with containers in containers, more than 64 deep at byte ");
    object.size = 0;
    put(&object, PART("}X\xe9\3\0\0"));
    for (int i = 0; i < 1001; i++)
        put(&object, PART("k"));
    put(&object, PART("Ns"));
    file = old_six((struct part){object.data, object.size});
    expect_message(&file, "F: a name of more than 1000 bytes: expected a shorter one");
}

/* bug: a tensor whose numbers are those of its storage with the other sign had the signs of the storage */
static void test_negated(void **state)
{
    (void)state;
#define BESIDE(metadata)                                                                                     \
    REBUILD("_rebuild_tensor_v2",                                                                            \
            SIX "K\0K\6\x85K\1\x85\x89" NAME("collections", "OrderedDict") ")R}" metadata)
    BOTH(BESIDE(""), "float32", "6 numbers", 0, 1, 2, 3, 4, 5);
    BOTH(BESIDE("(" TEXT("\4", "conj") "\x88" TEXT("\3", "neg") "\x89u"), "float32", "6 numbers", 0, 1, 2, 3,
         4, 5);
    const struct file files[] = {
        old_six(PART(BESIDE("(" TEXT("\4", "conj") "\x89" TEXT("\3", "neg") "\x88u"))),
        old_six(PART(BESIDE(TEXT("\3", "neg") "\x88s")))};
    for (int i = 0; i < 2; i++)
        expect_message(&files[i], "F: a view of negated numbers: expected them as they are; in PyTorch, save "
                                  "tensor.resolve_neg() instead");
}

/* ---- checksums ---- */

/* A state_dict of one tensor with the byte order beside it, as PyTorch 2 writes it. */
static struct file zip_ordered(int method)
{
    const struct part object = PART("}(" TEXT("\1", "a") WHOLE "u.");
    const struct member members[] = {
        {"m/data.pkl", object, method}, {"m/byteorder", PART("little"), 0}, {"m/data/0", six_part, method}};
    return zip_file(members, 3);
}

/* Sets the checksum of every member in the directory to 0. */
static void drop_checksums(struct file *file)
{
    for (char *at = file->data; (at = memmem(at, (size_t)(file->data + file->size - at), "PK\1\2", 4)); at++)
        memset(at + 16, 0, 4);
}

/* A changed bit of a tensor that is used where it lies, and of a pickle. */
static void test_changed(void **state)
{
    (void)state;
    struct archive archive;
    struct error error = {0};
    struct file file = zip_ordered(0);
    expect_opens(&archive, &file);
    assert_true(archive_verify(&archive, archive_find(&archive, "a"), &error));
    archive_free(&archive);
    char *numbers = memmem(file.data, file.size, six_part.data, six_part.size);
    *numbers ^= 1;
    expect_opens(&archive, &file);
    assert_false(archive_verify(&archive, archive_find(&archive, "a"), &error));
    assert_string_equal(error.message,
                        "F:m/data/0: damaged (CRC error): expected a file that was copied whole");
    archive_free(&archive);
    *numbers ^= 1;
    *(char *)memmem(file.data, file.size, "K\2K\3\x86", 5) = 'M';
    expect_message(&file, "F:m/data.pkl: damaged (CRC error): expected a file that was copied whole");
}

/* PyTorch can be told to make no checksums, and then says that they are 0. */
static void test_without_checksums(void **state)
{
    (void)state;
    for (int method = 0; method <= 8; method += 8) {
        struct archive archive;
        struct error error = {0};
        struct file file = zip_ordered(method);
        drop_checksums(&file);
        expect_opens(&archive, &file);
        expect_array(&archive, "a", "float32", "2×3", (const float[]){0, 1, 2, 3, 4, 5});
        assert_true(archive_verify(&archive, archive_find(&archive, "a"), &error));
        archive_free(&archive);
    }
}

/* Whatever is cut off or changed, nothing is read outside, and every error says the file. */
static void test_damage(void **state)
{
    (void)state;
    const struct part object = PART("}(" TEXT("\1", "a") WHOLE TEXT("\1", "b") REBUILD(
        "_rebuild_parameter", TENSOR(SIX, "\3", "K\2\x85", "K\2\x85") "\x88N") "u.");
    const struct file wholes[] = {old_six((struct part){object.data, object.size - 1}), zip_six(object, 0),
                                  zip_six(object, 8)};
    for (int w = 0; w < 3; w++)
        for (size_t i = 0; i < 9 * wholes[w].size; i++) {
            struct file file = wholes[w];
            struct archive archive;
            struct error error = {0};
            if (i < file.size)
                file.size = i;
            else
                file.data[(i - file.size) / 8] ^= (char)(1 << i % 8);
            bool ok = open_file(&archive, &file, &error);
            for (size_t a = 0; ok && a < archive.count; a++) {
                float room[6];
                size_t count;
                ok = archive_load(&archive, &archive.arrays[a], &error);
                if (ok && array_count(&archive.arrays[a], &count) && count <= 6 &&
                    dtype_kind(archive.arrays[a].dtype)->widen)
                    array_widen(&archive.arrays[a], room);
            }
            assert_true(ok == (error.kind == ERROR_NONE) && (ok || error.message[0] == 'F'));
            archive_free(&archive);
        }
}

/* ---- writing ---- */

static void writes(void **state)
{
    (void)state;
    char name[] = "a.weight", other[] = "ü", scalar[] = "s";
    const uint16_t halves[] = {0x3f80, 0xc000};
    const struct array arrays[] = {archives_array(name, DTYPE_F32, six, 2, (const size_t[]){2, 3}),
                                   archives_array(other, DTYPE_BF16, halves, 1, (const size_t[]){2}),
                                   archives_array(scalar, DTYPE_F32, six + 4, 0, NULL)};
    struct out out;
    struct archive archive;
    archives_write(&out, &format_torch, arrays, 3, NULL, 0);
    archives_open(&archive, "F", out.data, out.size);
    assert_ptr_equal(archive.format, &format_torch);
    assert_int_equal(archive.count, 3);
    expect_array(&archive, "a.weight", "float32", "2×3", six);
    expect_array(&archive, "ü", "bfloat16", "2 numbers", (const float[]){1, -2});
    expect_array(&archive, "s", "float32", "a number", six + 4);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal((archive.arrays[i].data - archive.sources[0].data) % 64, 0);
    archive_free(&archive);
    out_free(&out);
    archives_write(&out, &format_torch, NULL, 0, NULL, 0);
    archives_open(&archive, "F", out.data, out.size);
    assert_int_equal(archive.count, 0);
    archive_free(&archive);
    out_free(&out);
}

static void writes_no_name_that_is_not_read_again(void **state)
{
    (void)state;
    char name[TORCH_NAME_MOST + 2];
    struct archive archive = {0};
    struct out out;
    memset(name, 'a', sizeof name);
    name[TORCH_NAME_MOST + 1] = 0;
    const struct array array = archives_array(name, DTYPE_F32, six, 0, NULL);
    archives_refuse_write(
        &format_torch, &array, 1,
        "a name of more than 1000 bytes, which would not be read again: expected a shorter one");
    name[TORCH_NAME_MOST] = 0;
    archives_write(&out, &format_torch, &array, 1, NULL, 0);
    archives_open(&archive, "F", out.data, out.size);
    assert_string_equal(archive.arrays[0].name, name);
    archive_free(&archive);
    out_free(&out);
}

static void refuses_to_write(void **state)
{
    (void)state;
    char name[] = "a", bad[] = "\xff";
    const struct array twice[] = {archives_array(name, DTYPE_F32, six, 0, NULL),
                                  archives_array(name, DTYPE_F32, six, 0, NULL)},
                       no_text = archives_array(bad, DTYPE_F32, six, 0, NULL);
    archives_refuse_write(&format_torch, twice, 2, "PyTorch cannot hold a twice: expected names that differ");
    archives_refuse_write(&format_torch, &no_text, 1,
                          "\\xFF: a tensor of PyTorch's cannot have this name: expected text in UTF-8");
    assert_int_equal(format_torch.holds(DTYPE_BOOL), DTYPE_BOOL);
    assert_int_equal(format_torch.holds(DTYPE_U16), DTYPE_UNKNOWN);
    assert_int_equal(format_torch.holds(DTYPE_F8_E4M3), DTYPE_UNKNOWN);
    assert_int_equal(format_torch.holds(DTYPE_UNKNOWN), DTYPE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes),
        cmocka_unit_test(refuses_to_write),
        cmocka_unit_test(writes_no_name_that_is_not_read_again),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_rebuilders),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_big_endian),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_numpy),
        cmocka_unit_test(test_wrong_objects),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_negated),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_without_checksums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
