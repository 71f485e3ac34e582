/* GGUF files made by hand: what is read of good ones, what is said of bad ones, and what is written. */
#include <math.h>

#include "archives.h"

/* ---- making files ---- */

enum { U8, I8, U16, I16, U32, I32, F32, TRUTH, TEXT, LIST, U64, I64, F64 };

struct file {
    char data[1 << 17];
    size_t size;
};
static struct file file;

static void put(const void *data, size_t size)
{
    assert_true(size <= sizeof file.data - file.size);
    memcpy(file.data + file.size, data, size);
    file.size += size;
}

static void put_number(size_t bytes, uint64_t number)
{
    for (size_t i = 0; i < bytes; i++, number >>= 8)
        put(&(char){(char)(number & 255)}, 1);
}

static void put_text(const char *text)
{
    put_number(8, strlen(text));
    put(text, strlen(text));
}

static void put_key(const char *key, uint64_t type)
{
    put_text(key);
    put_number(4, type);
}

static void begin(uint64_t version, uint64_t tensors, uint64_t metadata)
{
    file.size = 0;
    put("GGUF", 4);
    put_number(4, version);
    put_number(8, tensors);
    put_number(8, metadata);
}

/* Axes as GGUF has them, the fastest first; 0 ends them. */
static void put_tensor(const char *name, uint64_t first, uint64_t second, uint64_t type, uint64_t offset)
{
    put_text(name);
    put_number(4, second ? 2 : 1);
    put_number(8, first);
    if (second)
        put_number(8, second);
    put_number(4, type);
    put_number(8, offset);
}

static void put_gap(size_t alignment)
{
    while (file.size % alignment != 0)
        put("", 1);
}

static void put_bytes(size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(&(char){(char)i}, 1);
}

/* ---- reading them ---- */

static struct archive archive;
static struct error error;

static bool open_part(size_t size)
{
    archive_free(&archive);
    const bool ok = archives_try(&archive, "f.gguf", file.data, size, &error);
    assert_true(ok == (error.kind == ERROR_NONE));
    if (!ok) {
        assert_int_equal(error.kind, ERROR_INPUT);
        assert_memory_equal(error.message, "f.gguf:", 7);
    }
    return ok;
}

static void opens(void)
{
    if (!open_part(file.size))
        fail_msg("%s", error.message);
}

static void refuses(const char *message)
{
    if (open_part(file.size))
        fail_msg("not refused: %s", message);
    if (!strstr(error.message, message))
        fail_msg("\"%s\" does not say \"%s\"", error.message, message);
}

static int end(void **state)
{
    (void)state;
    archive_free(&archive);
    return 0;
}

/* ---- arrays ---- */

static void lists_arrays(void **state)
{
    (void)state;
    for (uint64_t version = 2; version <= 3; version++) {
        begin(version, 3, 0);
        put_tensor("a.weight", 3, 2, 0, 0);
        put_tensor("b", 32, 0, 8, 32);
        put_tensor("c", 4, 1, 30, 96); /* a gap before it, which libggml refuses and the format does not */
        put_gap(32);
        const size_t start = file.size;
        for (int i = 0; i < 6; i++)
            put(&(float){(float)i + 0.5f}, 4);
        put_gap(32);
        put_number(2, 0x3800); /* 0.5 */
        for (int i = 0; i < 32; i++)
            put(&(int8_t){(int8_t)(i - 16)}, 1);
        put_gap(32);
        put_number(8, UINT64_C(0x7f80c000bf803f80));
        opens();
        assert_int_equal(archive.count, 3);
        assert_string_equal(archive.format->name, "gguf");
        const struct array *a = archive_find(&archive, "a.weight"), *b = archive_find(&archive, "b"),
                           *c = archive_find(&archive, "c");
        assert_true(a == &archive.arrays[0] && b == &archive.arrays[1] && c == &archive.arrays[2]);
        assert_string_equal(a->type, "F32");
        assert_int_equal(a->rank, 2);
        assert_int_equal(a->shape[0], 2);
        assert_int_equal(a->shape[1], 3);
        assert_int_equal(a->stride[0], 3);
        assert_int_equal(a->stride[1], 1);
        assert_int_equal(a->offset, start);
        assert_int_equal(a->bytes, 24);
        float numbers[32];
        array_widen(a, numbers);
        for (int i = 0; i < 6; i++)
            assert_true(numbers[i] == (float)i + 0.5f);
        assert_string_equal(b->type, "Q8_0");
        assert_int_equal(b->dtype, DTYPE_Q8_0);
        assert_int_equal(b->bytes, 34);
        array_widen(b, numbers);
        for (int i = 0; i < 32; i++)
            assert_true(numbers[i] == (float)(i - 16) / 2);
        assert_int_equal(c->offset, start + 96);
        array_widen(c, numbers);
        assert_true(numbers[0] == 1 && numbers[1] == -1 && numbers[2] == -2 && isinf(numbers[3]));
    }
}

static void a_rank_of_0_and_of_4(void **state)
{
    (void)state;
    begin(3, 2, 0);
    put_text("scalar");
    put_number(4, 0);
    put_number(4, 24);
    put_number(8, 0);
    put_text("four");
    put_number(4, 4);
    for (uint64_t axis = 2; axis < 6; axis++)
        put_number(8, axis);
    put_number(4, 24);
    put_number(8, 32);
    put_gap(32);
    put_bytes(32 + 120);
    opens();
    assert_int_equal(archive.arrays[0].rank, 0);
    assert_int_equal(archive.arrays[0].bytes, 1);
    const struct array *four = &archive.arrays[1];
    for (int a = 0; a < 4; a++)
        assert_int_equal(four->shape[a], 5 - a);
    assert_int_equal(four->stride[0], 4 * 3 * 2);
    assert_int_equal(four->bytes, 120);
}

static void empty_arrays(void **state)
{
    (void)state;
    begin(3, 2, 0);
    put_tensor("empty", 0, 5, 0, 0);
    put_tensor("also", 32, 0, 2, 0);
    file.data[file.size - 20] = 0; /* the axis */
    opens();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(archive.arrays[i].bytes, 0);
        assert_non_null(archive.arrays[i].data);
        assert_true(archive_load(&archive, &archive.arrays[i], &error));
    }
    begin(2, 0, 0);
    opens();
    assert_int_equal(archive.count, 0);
}

/* Rows of blocks are taken, turned round and taken apart; not blocks. */
static void parts_of_quantized(void **state)
{
    (void)state;
    float all[4 * 64], part[64 * 4];
    begin(3, 1, 0);
    put_tensor("q", 64, 4, 2, 0);
    put_gap(32);
    for (int i = 0; i < 8; i++) {
        put_number(2, 0x3c00);
        put_number(8, UINT64_C(0x0123456789abcdef) * (uint64_t)(i + 1));
        put_number(8, UINT64_C(0xfedcba9876543210) * (uint64_t)(i + 1));
    }
    put_gap(32);
    opens();
    array_widen(&archive.arrays[0], all);
    struct array cut = archive.arrays[0];
    assert_true(array_cut(&cut, "::-2", &error));
    array_widen(&cut, part);
    assert_memory_equal(part, all + 192, 64 * sizeof(float));
    assert_memory_equal(part + 64, all + 64, 64 * sizeof(float));
    cut = archive.arrays[0];
    assert_true(array_cut(&cut, "2", &error));
    array_widen(&cut, part);
    assert_memory_equal(part, all + 128, 64 * sizeof(float));
    assert_false(array_cut(&cut, ":32", &error));
}

/* A type that cannot be read is listed with its name and bytes. */
static void unreadable_types(void **state)
{
    (void)state;
    static const struct {
        uint64_t type;
        const char *name;
        size_t bytes;
    } types[] = {{9, "Q8_1", 8 * 36},   {15, "Q8_K", 292},    {16, "IQ2_XXS", 66},  {17, "IQ2_XS", 74},
                 {18, "IQ3_XXS", 98},   {19, "IQ1_S", 50},    {21, "IQ3_S", 110},   {22, "IQ2_S", 82},
                 {29, "IQ1_M", 56},     {34, "TQ1_0", 54},    {35, "TQ2_0", 66},    {40, "NVFP4", 4 * 36},
                 {41, "Q1_0", 2 * 18},  {42, "Q2_0", 4 * 18}, {4, "Q4_2", 0},       {31, "Q4_0_4_4", 0},
                 {38, "IQ4_NL_8_8", 0}, {43, "type 43", 0},   {UINT32_MAX, NULL, 0}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const char *name = types[i].name ? types[i].name : "type 4294967295";
        char text[80];
        begin(3, 1, 0);
        put_tensor("x", 256, 0, types[i].type, 0);
        put_gap(32);
        put_bytes(512);
        opens();
        struct array *x = &archive.arrays[0];
        assert_string_equal(x->type, name);
        assert_int_equal(x->dtype, DTYPE_UNKNOWN);
        assert_int_equal(x->bytes, types[i].bytes);
        assert_int_equal(x->shape[0], 256);
        assert_false(archive_load(&archive, x, &error));
        assert_int_equal(error.kind, ERROR_INPUT);
        snprintf(text, sizeof text, ":x: numbers of %s%s cannot be read: expected F32",
                 strncmp(name, "type ", 5) == 0 ? "" : "type ", name);
        assert_non_null(strstr(error.message, text));
    }
}

/* ---- metadata ---- */

static const struct metadatum *metadatum(const char *key, enum metadatum_kind kind)
{
    const struct metadatum *found = archive_metadatum(&archive, key);
    assert_non_null(found);
    assert_int_equal(found->kind, kind);
    return found;
}

static void numbers_texts_and_truths(void **state)
{
    (void)state;
    begin(3, 0, 16);
    put_key("u8", U8), put_number(1, 200);
    put_key("i8", I8), put_number(1, 200);
    put_key("u16", U16), put_number(2, 65535);
    put_key("i16", I16), put_number(2, 65535);
    put_key("u32", U32), put_number(4, UINT32_MAX);
    put_key("i32", I32), put_number(4, 1u << 31);
    put_key("u64", U64), put_number(8, INT64_MAX);
    put_key("u64.large", U64), put_number(8, UINT64_MAX);
    put_key("i64", I64), put_number(8, UINT64_C(1) << 63);
    put_key("f32", F32), put(&(float){0.1f}, 4);
    put_key("f64", F64), put(&(double){0.1}, 8);
    put_key("no", TRUTH), put_number(1, 0);
    put_key("yes", TRUTH), put_number(1, 1);
    put_key("text", TEXT), put_text("a\nb");
    put_key("text.empty", TEXT), put_text("");
    put_key("Ünicode", TEXT), put_text("\xff");
    opens();
    assert_int_equal(archive.metadata_count, 16);
    assert_true(metadatum("u8", METADATUM_INTEGER)->integer == 200);
    assert_true(metadatum("i8", METADATUM_INTEGER)->integer == -56);
    assert_true(metadatum("u16", METADATUM_INTEGER)->integer == 65535);
    assert_true(metadatum("i16", METADATUM_INTEGER)->integer == -1);
    assert_true(metadatum("u32", METADATUM_INTEGER)->integer == UINT32_MAX);
    assert_int_equal(metadatum("u32", METADATUM_INTEGER)->dtype, DTYPE_U32);
    assert_true(metadatum("i32", METADATUM_INTEGER)->integer == INT32_MIN);
    assert_true(metadatum("u64", METADATUM_INTEGER)->integer == INT64_MAX);
    assert_false(metadatum("u64", METADATUM_INTEGER)->is_unsigned);
    assert_true(metadatum("u64.large", METADATUM_INTEGER)->integer == -1);
    assert_true(metadatum("u64.large", METADATUM_INTEGER)->is_unsigned);
    assert_true(metadatum("i64", METADATUM_INTEGER)->integer == INT64_MIN);
    assert_false(metadatum("i64", METADATUM_INTEGER)->is_unsigned);
    assert_true(metadatum("f32", METADATUM_REAL)->real == (double)0.1f);
    assert_true(metadatum("f64", METADATUM_REAL)->real == 0.1);
    assert_true(metadatum("no", METADATUM_TRUTH)->integer == 0);
    assert_true(metadatum("yes", METADATUM_TRUTH)->integer == 1);
    const struct metadatum *text = metadatum("text", METADATUM_TEXT);
    assert_int_equal(text->size, 3);
    assert_int_equal(text->bytes, 3);
    assert_memory_equal(text->data, "a\nb", 3);
    assert_int_equal(metadatum("text.empty", METADATUM_TEXT)->size, 0);
    assert_memory_equal(metadatum("Ünicode", METADATUM_TEXT)->data, "\xff", 1);
}

static void lists(void **state)
{
    (void)state;
    begin(3, 0, 6);
    put_key("numbers", LIST), put_number(4, U16), put_number(8, 3);
    put_number(2, 1), put_number(2, 2), put_number(2, 0xffff);
    put_key("texts", LIST), put_number(4, TEXT), put_number(8, 2);
    put_text("one"), put_text("");
    put_key("none", LIST), put_number(4, F64), put_number(8, 0);
    put_key("truths", LIST), put_number(4, TRUTH), put_number(8, 2), put_number(2, 0x0100);
    put_key("lists", LIST), put_number(4, LIST), put_number(8, 3);
    put_number(4, U8), put_number(8, 2), put_number(2, 0);
    put_number(4, LIST), put_number(8, 2);
    put_number(4, TEXT), put_number(8, 1), put_text("deep");
    put_number(4, LIST), put_number(8, 0);
    put_number(4, I64), put_number(8, 1), put_number(8, 0);
    put_key("behind", U8), put_number(1, 7);
    opens();
    const struct metadatum *list = metadatum("numbers", METADATUM_LIST);
    assert_int_equal(list->dtype, DTYPE_U16);
    assert_int_equal(list->size, 3);
    assert_int_equal(list->bytes, 6);
    assert_memory_equal(list->data, "\1\0\2\0\xff\xff", 6);
    list = metadatum("texts", METADATUM_LIST);
    assert_int_equal(list->dtype, DTYPE_UNKNOWN);
    assert_int_equal(list->size, 2);
    assert_int_equal(list->bytes, 19);
    assert_memory_equal(list->data, "\3\0\0\0\0\0\0\0one\0\0\0\0\0\0\0\0", 19);
    list = metadatum("none", METADATUM_LIST);
    assert_int_equal(list->size, 0);
    assert_int_equal(list->bytes, 0);
    list = metadatum("truths", METADATUM_LIST);
    assert_int_equal(list->dtype, DTYPE_BOOL);
    assert_memory_equal(list->data, "\0\1", 2);
    list = metadatum("lists", METADATUM_LIST);
    assert_int_equal(list->size, 3);
    assert_null(list->data);
    assert_true(metadatum("behind", METADATUM_INTEGER)->integer == 7);
}

static void alignment(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= 4096; size *= 8) {
        begin(3, 2, 1);
        put_key("general.alignment", U32), put_number(4, size);
        put_tensor("a", 1, 0, 24, 0);
        put_tensor("b", 1, 0, 24, size);
        put_gap(size);
        const size_t start = file.size;
        put_bytes(1);
        put_gap(size);
        put_bytes(1);
        opens();
        assert_int_equal(archive.arrays[0].offset, start);
        assert_int_equal(archive.arrays[1].offset, start + size);
    }
}

/* ---- bad files ---- */

static void bad_headers(void **state)
{
    (void)state;
    file.size = 0;
    refuses("no GGUF file: expected \"GGUF\" at its beginning"); /* known by its name alone */
    put("GGML", 4);
    refuses("no GGUF file");
    begin(1, 0, 0);
    refuses("GGUF of version 1: expected 2 or 3");
    begin(0, 0, 0);
    refuses("GGUF of version 0: expected 2 or 3");
    begin(4, 0, 0);
    refuses("GGUF of version 4: expected 2 or 3");
    begin(UINT64_C(3) << 24, 0, 0);
    refuses("GGUF in big endian: expected little endian");
    begin(3, 0, 0);
    file.size = 20;
    refuses("byte 16: the number of metadata goes beyond the end of the file: expected 8 bytes, not 4");
    begin(3, 0, 0);
    file.size = 23;
    refuses("byte 16: the number of metadata goes beyond the end of the file: expected 8 bytes, not 7");
    begin(3, UINT64_MAX, 0);
    refuses("byte 24: a name of a tensor goes beyond the end");
    begin(3, 0, UINT64_MAX);
    refuses("byte 24: a key goes beyond the end");
}

static void bad_keys(void **state)
{
    (void)state;
    static char long_key[65537];
    begin(3, 0, 1);
    put_key("", U8), put_number(1, 0);
    refuses("byte 24: an empty key: expected a name");
    begin(3, 0, 1);
    put_key("\xc3(", U8), put_number(1, 0);
    refuses("byte 24: a key is not text: expected UTF-8 without NUL");
    begin(3, 0, 1);
    put_key("ab", U8), put_number(1, 0);
    file.data[33] = 0;
    refuses("byte 24: a key is not text");
    memset(long_key, 'k', 65536);
    begin(3, 0, 1);
    put_key(long_key, U8), put_number(1, 0);
    refuses("byte 24: a key has 65536 bytes: expected at most 65535");
    long_key[65535] = 0;
    begin(3, 0, 1);
    put_key(long_key, U8), put_number(1, 0);
    opens();
    begin(3, 0, 3);
    put_key("a", U8), put_number(1, 0);
    put_key("b", U8), put_number(1, 0);
    put_key("a", U16), put_number(2, 0);
    refuses("the key a stands twice: expected keys that differ");
    begin(3, 0, 1);
    put_number(8, UINT64_MAX), put("ab", 2);
    refuses("byte 32: a key goes beyond the end of the file: expected 18446744073709551615 bytes, not 2");
}

static void bad_values(void **state)
{
    (void)state;
    begin(3, 0, 1);
    put_key("k", 13), put_number(8, 0);
    refuses("byte 33: the value of k has type 13: expected 0 to 12");
    begin(3, 0, 1);
    put_key("k", TRUTH), put_number(1, 2);
    refuses("byte 37: a truth is 2: expected 0 or 1");
    begin(3, 0, 1);
    put_key("k", LIST), put_number(4, 13), put_number(8, 0);
    refuses("byte 37: a list has elements of type 13: expected 0 to 12");
    begin(3, 0, 1);
    put_key("k", LIST), put_number(4, F64), put_number(8, UINT64_C(1) << 61);
    refuses("byte 37: a list of 2305843009213693952 elements goes beyond the end of the file");
    begin(3, 0, 1);
    put_key("k", LIST), put_number(4, F64), put_number(8, 3), put_number(8, 0), put_number(8, 0);
    refuses("byte 49: a list goes beyond the end of the file: expected 24 bytes, not 16");
    begin(3, 0, 1);
    put_key("k", LIST), put_number(4, TEXT), put_number(8, 2), put_text("a");
    refuses("byte 58: a text of a list goes beyond the end");
    begin(3, 0, 1);
    put_key("k", LIST), put_number(4, LIST), put_number(8, 1), put_number(4, U8), put_number(8, 9);
    refuses("byte 49: a list of 9 elements goes beyond the end of the file");
}

static void lists_too_deep(void **state)
{
    (void)state;
    for (int depth = 7; depth <= 9; depth++) {
        begin(3, 0, 1);
        put_key("k", LIST);
        for (int i = 0; i < depth; i++)
            put_number(4, LIST), put_number(8, 1);
        put_number(4, U8), put_number(8, 0);
        if (depth < 9)
            opens();
        else
            refuses("byte 133: lists in lists: expected at most 8 levels");
    }
    /* Many lists without elements: a loop, not a call each. */
    begin(3, 0, 1);
    put_key("k", LIST), put_number(4, LIST), put_number(8, 8000);
    for (int i = 0; i < 8000; i++)
        put_number(4, LIST), put_number(8, 0);
    opens();
}

static void bad_alignments(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 3, 33, 1u << 31 | 1};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        begin(3, 0, 1);
        put_key("general.alignment", U32), put_number(4, values[i]);
        refuses("general.alignment: expected a power of 2, as an unsigned number of 32 bits");
    }
    begin(3, 0, 1);
    put_key("general.alignment", U64), put_number(8, 32);
    refuses("general.alignment: expected a power of 2");
    begin(3, 0, 1);
    put_key("general.alignment", TEXT), put_text("32");
    refuses("general.alignment: expected a power of 2");
}

static void bad_shapes(void **state)
{
    (void)state;
    begin(3, 1, 0);
    put_text("x"), put_number(4, 5);
    refuses(":x: it has 5 axes: expected at most 4");
    begin(3, 1, 0);
    put_tensor("x", UINT64_C(1) << 63, 0, 0, 0);
    refuses(":x: an axis has 9223372036854775808 numbers: expected fewer");
    begin(3, 1, 0);
    put_tensor("x", UINT64_C(1) << 32, UINT64_C(1) << 32, 0, 0);
    refuses(":x: the shape has too many numbers: expected fewer");
    begin(3, 1, 0);
    put_tensor("x", UINT64_C(1) << 61, 1, 28, 0);
    refuses(":x: the shape has too many numbers: expected fewer");
    begin(3, 1, 0);
    put_tensor("x", 48, 2, 8, 0);
    refuses(":x: rows of 48 numbers of type Q8_0: expected a multiple of 32");
    begin(3, 1, 0);
    put_tensor("x", 32, 0, 16, 0);
    refuses(":x: rows of 32 numbers of type IQ2_XXS: expected a multiple of 256");
    begin(3, 1, 0);
    put_text("x"), put_number(4, 0), put_number(4, 2), put_number(8, 0);
    refuses(":x: rows of 1 numbers of type Q4_0: expected a multiple of 32");
}

static void bad_names(void **state)
{
    (void)state;
    begin(3, 2, 0);
    put_tensor("x", 1, 0, 24, 0);
    put_tensor("x", 1, 0, 24, 32);
    put_gap(32);
    put_bytes(64);
    refuses("byte 57: the tensor x stands twice: expected names that differ");
    begin(3, 1, 0);
    put_tensor("\x80", 1, 0, 24, 0);
    refuses("byte 24: a name of a tensor is not text: expected UTF-8 without NUL");
}

static void bad_places(void **state)
{
    (void)state;
    begin(3, 1, 0);
    put_tensor("x", 2, 0, 0, 8);
    put_gap(32);
    put_bytes(64);
    refuses(":x: its data begins at 8: expected a multiple of 32");
    begin(3, 1, 0);
    put_tensor("x", 9, 0, 0, 32);
    put_gap(32);
    put_bytes(64);
    refuses(":x: 36 bytes at 32 go beyond the end of the file: expected them in the 64 bytes of data");
    begin(3, 1, 0);
    put_tensor("x", 1, 0, 24, 64);
    put_gap(32);
    put_bytes(32);
    refuses(":x: 1 bytes at 64 go beyond the end of the file: expected them in the 32 bytes of data");
    begin(3, 1, 0);
    put_tensor("x", 1, 0, 24, UINT64_MAX - 31);
    refuses(":x: its data begins at 18446744073709551584, and the file has");
    begin(3, 1, 0);
    put_tensor("x", 1, 0, 24, 0);
    refuses(":x: 1 bytes at 0 go beyond the end of the file: expected them in the 0 bytes of data");
    begin(3, 3, 0);
    put_tensor("x", 33, 0, 24, 32);
    put_tensor("y", 1, 0, 24, 0);
    put_tensor("z", 1, 0, 24, 64);
    put_gap(32);
    put_bytes(96);
    refuses(":z: its data begins inside that of x: expected tensors apart");
    begin(3, 2, 0);
    put_tensor("x", 1, 0, 24, 0);
    put_tensor("y", 1, 0, 24, 0);
    put_gap(32);
    put_bytes(96);
    refuses("its data begins inside that of");
}

/* A file cut off anywhere before its last number is refused; in the gap behind it, read. */
static void cut_off_anywhere(void **state)
{
    (void)state;
    begin(3, 2, 3);
    put_key("a", LIST), put_number(4, TEXT), put_number(8, 1), put_text("one");
    put_key("b", F64), put_number(8, 0);
    put_key("c", LIST), put_number(4, LIST), put_number(8, 1), put_number(4, I16), put_number(8, 1),
        put_number(2, 0);
    put_tensor("x", 32, 2, 8, 0);
    put_tensor("y", 3, 0, 0, 96);
    put_gap(32);
    put_bytes(96 + 12);
    const size_t needed = file.size;
    put_gap(32);
    for (size_t size = 0; size < needed; size++)
        if (open_part(size))
            fail_msg("%zu of %zu bytes are read", size, needed);
    for (size_t size = needed; size <= file.size; size++)
        assert_true(open_part(size));
}

/* ---- writing ---- */

static struct out out;

static bool writes(const struct array *arrays, size_t count, const struct metadatum *metadata,
                   size_t metadata_count)
{
    error = (struct error){0};
    out_free(&out);
    out_begin(&out, -1, "out.gguf");
    return format_gguf.write(arrays, count, metadata, metadata_count, &out, &error) &&
           out_finish(&out, &error);
}

/* The file that was made, read and written, is the same to a byte. */
static void comes_back(void)
{
    opens();
    assert_true(writes(archive.arrays, archive.count, archive.metadata, archive.metadata_count));
    assert_int_equal(out.size, file.size);
    assert_memory_equal(out.data, file.data, file.size);
    out_free(&out);
}

static void writes_what_it_read(void **state)
{
    (void)state;
    begin(3, 0, 0);
    comes_back();
    begin(3, 4, 17);
    put_key("u8", U8), put_number(1, 200);
    put_key("i8", I8), put_number(1, 200);
    put_key("u16", U16), put_number(2, 65535);
    put_key("i16", I16), put_number(2, 65535);
    put_key("u32", U32), put_number(4, 7);
    put_key("i32", I32), put_number(4, 7);
    put_key("u64", U64), put_number(8, UINT64_MAX);
    put_key("i64", I64), put_number(8, 1);
    put_key("f32", F32), put(&(float){NAN}, 4);
    put_key("f64", F64), put(&(double){0.5}, 8);
    put_key("no", TRUTH), put_number(1, 0);
    put_key("text", TEXT), put_text("some text");
    put_key("numbers", LIST), put_number(4, F32), put_number(8, 2), put_number(8, 5);
    put_key("texts", LIST), put_number(4, TEXT), put_number(8, 2), put_text("one"), put_text("");
    put_key("none", LIST), put_number(4, U8), put_number(8, 0);
    put_key("truths", LIST), put_number(4, TRUTH), put_number(8, 1), put_number(1, 1);
    put_key("general.alignment", U32), put_number(4, 32);
    put_tensor("a", 3, 2, 0, 0);
    put_tensor("b", 256, 2, 14, 32);
    put_tensor("c", 5, 0, 30, 32 + 448);
    put_tensor("d", 2, 3, 27, 32 + 448 + 32);
    put_gap(32);
    put_bytes(24), put_gap(32);
    put_bytes(420), put_gap(32);
    put_bytes(10), put_gap(32);
    put_bytes(48), put_gap(32);
    comes_back();
}

/* What has no type of its own gets the one that libllama wants; what has no place is left out. */
static void writes_what_others_read(void **state)
{
    (void)state;
    static char keys[][24] = {"zero",   "most", "more",     "below", "far.below",         "single",
                              "double", "nan",  "no.place", "lists", "general.alignment", "largest"};
    const struct metadatum metadata[] = {
        {.key = keys[0], .kind = METADATUM_INTEGER, .integer = 0},
        {.key = keys[1], .kind = METADATUM_INTEGER, .integer = UINT32_MAX},
        {.key = keys[2], .kind = METADATUM_INTEGER, .integer = INT64_C(1) << 32},
        {.key = keys[3], .kind = METADATUM_INTEGER, .integer = INT32_MIN},
        {.key = keys[4], .kind = METADATUM_INTEGER, .integer = INT64_MIN},
        {.key = keys[5], .kind = METADATUM_REAL, .real = 0.5},
        {.key = keys[6], .kind = METADATUM_REAL, .real = 0.1},
        {.key = keys[7], .kind = METADATUM_REAL, .real = (double)NAN},
        {.key = keys[8], .kind = METADATUM_LIST, .dtype = DTYPE_F16, .data = "ab", .size = 1, .bytes = 2},
        {.key = keys[9], .kind = METADATUM_LIST, .size = 2},
        {.key = keys[10], .kind = METADATUM_INTEGER, .integer = 64, .dtype = DTYPE_U32},
        {.key = keys[11], .kind = METADATUM_INTEGER, .integer = -1, .is_unsigned = true},
    };
    assert_true(writes(NULL, 0, metadata, sizeof metadata / sizeof metadata[0]));
    begin(3, 0, 9);
    put_key("zero", U32), put_number(4, 0);
    put_key("most", U32), put_number(4, UINT32_MAX);
    put_key("more", I64), put_number(8, UINT64_C(1) << 32);
    put_key("below", I32), put_number(4, UINT64_C(1) << 31);
    put_key("far.below", I64), put_number(8, UINT64_C(1) << 63);
    put_key("single", F32), put(&(float){0.5f}, 4);
    put_key("double", F64), put(&(double){0.1}, 8);
    put_key("nan", F32), put(&(float){NAN}, 4);
    put_key("largest", U64), put_number(8, UINT64_MAX);
    assert_int_equal(out.size, file.size);
    assert_memory_equal(out.data, file.data, file.size);
    out_free(&out);
}

static void cannot_write(const struct array *arrays, size_t count, const struct metadatum *metadata,
                         size_t metadata_count, const char *message)
{
    assert_false(writes(arrays, count, metadata, metadata_count));
    assert_int_equal(error.kind, ERROR_USAGE);
    if (!strstr(error.message, message))
        fail_msg("\"%s\" does not say \"%s\"", error.message, message);
    assert_int_equal(out.size, 0);
    out_free(&out);
}

static void what_cannot_be_written(void **state)
{
    (void)state;
    static char name[] = "a", key[] = "k", empty[] = "", long_name[65], long_key[65537];
    static const float numbers[64];
    const struct array good = {.name = name,
                               .dtype = DTYPE_F32,
                               .rank = 1,
                               .shape = {3},
                               .stride = {1},
                               .data = (const char *)numbers};
    struct array arrays[2] = {good, good};
    assert_true(writes(&good, 1, NULL, 0));
    cannot_write(arrays, 2, NULL, 0, "GGUF cannot hold a twice: expected names that differ");
    memset(long_name, 'n', 64);
    arrays[0].name = long_name;
    cannot_write(arrays, 2, NULL, 0, "\": expected 1 to 63 bytes");
    long_name[63] = 0;
    assert_true(writes(arrays, 2, NULL, 0));
    arrays[0].name = empty;
    cannot_write(arrays, 2, NULL, 0, "GGUF cannot hold the name \"\": expected 1 to 63 bytes");
    arrays[0] = good;
    arrays[0].rank = 5;
    cannot_write(arrays, 1, NULL, 0, "GGUF cannot hold a, which has 5 axes: expected at most 4");
    arrays[0] = good;
    arrays[0].dtype = DTYPE_U8;
    cannot_write(arrays, 1, NULL, 0, "GGUF cannot hold a as u8, in rows of 3: expected another type");
    arrays[0].dtype = DTYPE_Q8_0;
    cannot_write(arrays, 1, NULL, 0, "GGUF cannot hold a as q8_0, in rows of 3: expected another type");
    const struct metadatum twice[2] = {{.key = key, .kind = METADATUM_TRUTH},
                                       {.key = key, .kind = METADATUM_TRUTH}};
    cannot_write(NULL, 0, twice, 2, "GGUF cannot hold the key k twice: expected keys that differ");
    memset(long_key, 'k', 65536);
    const struct metadatum long_one = {.key = long_key, .kind = METADATUM_TRUTH};
    cannot_write(NULL, 0, &long_one, 1, "GGUF cannot hold a key of 65536 bytes: expected 1 to 65535 bytes");
    const struct metadatum empty_one = {.key = empty, .kind = METADATUM_TRUTH};
    cannot_write(NULL, 0, &empty_one, 1, "GGUF cannot hold a key of 0 bytes");
}

static void holds(void **state)
{
    (void)state;
    for (enum dtype dtype = DTYPE_BOOL; dtype < DTYPE_COUNT; dtype++) {
        const bool is_foreign = dtype == DTYPE_BOOL || dtype == DTYPE_U8 || dtype == DTYPE_U16 ||
                                dtype == DTYPE_U32 || dtype == DTYPE_U64 || dtype == DTYPE_F8_E4M3 ||
                                dtype == DTYPE_F8_E5M2;
        assert_int_equal(format_gguf.holds(dtype), is_foreign ? DTYPE_UNKNOWN : dtype);
    }
    assert_int_equal(format_gguf.holds(DTYPE_UNKNOWN), DTYPE_UNKNOWN);
    assert_ptr_equal(format_by_ending("model.GGUF"), &format_gguf);
    assert_ptr_equal(format_named("gguf"), &format_gguf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(lists_arrays, end),
        cmocka_unit_test_teardown(a_rank_of_0_and_of_4, end),
        cmocka_unit_test_teardown(empty_arrays, end),
        cmocka_unit_test_teardown(parts_of_quantized, end),
        cmocka_unit_test_teardown(unreadable_types, end),
        cmocka_unit_test_teardown(numbers_texts_and_truths, end),
        cmocka_unit_test_teardown(lists, end),
        cmocka_unit_test_teardown(alignment, end),
        cmocka_unit_test_teardown(bad_headers, end),
        cmocka_unit_test_teardown(bad_keys, end),
        cmocka_unit_test_teardown(bad_values, end),
        cmocka_unit_test_teardown(lists_too_deep, end),
        cmocka_unit_test_teardown(bad_alignments, end),
        cmocka_unit_test_teardown(bad_shapes, end),
        cmocka_unit_test_teardown(bad_names, end),
        cmocka_unit_test_teardown(bad_places, end),
        cmocka_unit_test_teardown(cut_off_anywhere, end),
        cmocka_unit_test_teardown(writes_what_it_read, end),
        cmocka_unit_test_teardown(writes_what_others_read, end),
        cmocka_unit_test_teardown(what_cannot_be_written, end),
        cmocka_unit_test_teardown(holds, end),
    };
    return cmocka_run_group_tests_name("gguf", tests, NULL, NULL);
}
