/*
 * GGUF, the files of llama.cpp: metadata, descriptions of tensors, and their bytes. Versions 2 and 3, little endian.
 * Source of the format: docs/gguf.md, include/ggml.h and src/gguf.cpp of ggml, revision
 * d99724f2b141fed9e1a9f402213506c081433465.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "tensor/array_write.h"
#include "tensor/format.h"

enum {
    GGUF_RANK = 4,       /* the most axes of a tensor: GGML_MAX_DIMS */
    GGUF_NAME = 63,      /* the most bytes of a name that libggml reads: GGML_MAX_NAME without the NUL */
    GGUF_KEY = 65535,    /* of a key */
    GGUF_ALIGNMENT = 32, /* of data, where the file does not say otherwise */
    GGUF_DEPTH = 8,      /* the deepest lists of lists that are passed over; libggml refuses all */
};

/* ---- types ---- */

/* enum ggml_type by its numbers. Types that cannot be read, with dtype 0, say how large their blocks are; of those that ggml
 * has given up (count 0) that is not known either. */
struct gguf_type {
    const char *name;
    enum dtype dtype;
    size_t count, bytes;
};

static const struct gguf_type gguf_types[] = {
    [0] = {"F32", DTYPE_F32, 0, 0},
    [1] = {"F16", DTYPE_F16, 0, 0},
    [2] = {"Q4_0", DTYPE_Q4_0, 0, 0},
    [3] = {"Q4_1", DTYPE_Q4_1, 0, 0},
    [4] = {"Q4_2", DTYPE_UNKNOWN, 0, 0},
    [5] = {"Q4_3", DTYPE_UNKNOWN, 0, 0},
    [6] = {"Q5_0", DTYPE_Q5_0, 0, 0},
    [7] = {"Q5_1", DTYPE_Q5_1, 0, 0},
    [8] = {"Q8_0", DTYPE_Q8_0, 0, 0},
    [9] = {"Q8_1", DTYPE_UNKNOWN, 32, 36},
    [10] = {"Q2_K", DTYPE_Q2_K, 0, 0},
    [11] = {"Q3_K", DTYPE_Q3_K, 0, 0},
    [12] = {"Q4_K", DTYPE_Q4_K, 0, 0},
    [13] = {"Q5_K", DTYPE_Q5_K, 0, 0},
    [14] = {"Q6_K", DTYPE_Q6_K, 0, 0},
    [15] = {"Q8_K", DTYPE_UNKNOWN, 256, 292},
    [16] = {"IQ2_XXS", DTYPE_UNKNOWN, 256, 66},
    [17] = {"IQ2_XS", DTYPE_UNKNOWN, 256, 74},
    [18] = {"IQ3_XXS", DTYPE_UNKNOWN, 256, 98},
    [19] = {"IQ1_S", DTYPE_UNKNOWN, 256, 50},
    [20] = {"IQ4_NL", DTYPE_IQ4_NL, 0, 0},
    [21] = {"IQ3_S", DTYPE_UNKNOWN, 256, 110},
    [22] = {"IQ2_S", DTYPE_UNKNOWN, 256, 82},
    [23] = {"IQ4_XS", DTYPE_IQ4_XS, 0, 0},
    [24] = {"I8", DTYPE_I8, 0, 0},
    [25] = {"I16", DTYPE_I16, 0, 0},
    [26] = {"I32", DTYPE_I32, 0, 0},
    [27] = {"I64", DTYPE_I64, 0, 0},
    [28] = {"F64", DTYPE_F64, 0, 0},
    [29] = {"IQ1_M", DTYPE_UNKNOWN, 256, 56},
    [30] = {"BF16", DTYPE_BF16, 0, 0},
    [31] = {"Q4_0_4_4", DTYPE_UNKNOWN, 0, 0},
    [32] = {"Q4_0_4_8", DTYPE_UNKNOWN, 0, 0},
    [33] = {"Q4_0_8_8", DTYPE_UNKNOWN, 0, 0},
    [34] = {"TQ1_0", DTYPE_UNKNOWN, 256, 54},
    [35] = {"TQ2_0", DTYPE_UNKNOWN, 256, 66},
    [36] = {"IQ4_NL_4_4", DTYPE_UNKNOWN, 0, 0},
    [37] = {"IQ4_NL_4_8", DTYPE_UNKNOWN, 0, 0},
    [38] = {"IQ4_NL_8_8", DTYPE_UNKNOWN, 0, 0},
    [39] = {"MXFP4", DTYPE_MXFP4, 0, 0},
    [40] = {"NVFP4", DTYPE_UNKNOWN, 64, 36},
    [41] = {"Q1_0", DTYPE_UNKNOWN, 128, 18},
    [42] = {"Q2_0", DTYPE_UNKNOWN, 64, 18},
};
#define GGUF_TYPE_COUNT (sizeof gguf_types / sizeof gguf_types[0])

/* The number of a type that can be read, or GGUF_TYPE_COUNT. */
static size_t gguf_type_of(enum dtype dtype)
{
    size_t type = 0;
    while (type < GGUF_TYPE_COUNT &&
           (gguf_types[type].dtype != dtype || gguf_types[type].dtype == DTYPE_UNKNOWN))
        type++;
    return type;
}

/* enum gguf_metadata_value_type by its numbers; those of texts and lists are no numbers. */
enum { GGUF_VALUE_TRUTH = 7, GGUF_VALUE_TEXT = 8, GGUF_VALUE_LIST = 9, GGUF_VALUE_COUNT = 13 };
static const enum dtype gguf_values[GGUF_VALUE_COUNT] = {
    DTYPE_U8,   DTYPE_I8,      DTYPE_U16,     DTYPE_I16, DTYPE_U32, DTYPE_I32, DTYPE_F32,
    DTYPE_BOOL, DTYPE_UNKNOWN, DTYPE_UNKNOWN, DTYPE_U64, DTYPE_I64, DTYPE_F64};

/* The number of a value of that type, or GGUF_VALUE_COUNT. */
static uint32_t gguf_value_of(enum dtype dtype)
{
    uint32_t value = 0;
    while (value < GGUF_VALUE_COUNT && (gguf_values[value] != dtype || gguf_values[value] == DTYPE_UNKNOWN))
        value++;
    return value;
}

/* ---- reading: pieces ---- */

struct gguf {
    struct archive *archive;
    const char *data;
    size_t size, at; /* of the file, and how far it is read */
    uint64_t alignment;
    struct error *error;
};

/* Sets "FILE: byte N: message". Always returns false. */
__attribute__((format(printf, 3, 4))) static bool gguf_error(const struct gguf *gguf, size_t offset,
                                                             const char *format, ...)
{
    char message[sizeof gguf->error->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return error_set(gguf->error, ERROR_INPUT, "%s: byte %zu: %s", gguf->archive->sources[0].name, offset,
                     message);
}

/* The next bytes, which are passed over; NULL and an error where the file has fewer. `what`: their name with its article. */
static const char *gguf_take(struct gguf *gguf, uint64_t bytes, const char *what)
{
    const size_t left = gguf->size - gguf->at;
    if (bytes > left) {
        gguf_error(gguf, gguf->at, "%s goes beyond the end of the file: expected %" PRIu64 " bytes, not %zu",
                   what, bytes, left);
        return NULL;
    }
    const char *data = gguf->data + gguf->at;
    gguf->at += (size_t)bytes;
    return data;
}

/* A number of `bytes` bytes, little endian. */
static uint64_t gguf_number(const char *data, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = bytes; i-- > 0;)
        number = number << 8 | (unsigned char)data[i];
    return number;
}

static bool gguf_take_number(struct gguf *gguf, size_t bytes, const char *what, uint64_t *number)
{
    const char *data = gguf_take(gguf, bytes, what);
    *number = data ? gguf_number(data, bytes) : 0;
    return data != NULL;
}

/* A text: a length of 8 bytes and its bytes. */
static bool gguf_take_text(struct gguf *gguf, const char *what, const char **text, size_t *length)
{
    uint64_t bytes;
    if (!gguf_take_number(gguf, 8, what, &bytes))
        return false;
    *text = gguf_take(gguf, bytes, what);
    *length = (size_t)bytes;
    return *text != NULL;
}

/* A key or name, which is one that a string of C can hold. */
static bool gguf_take_name(struct gguf *gguf, const char *what, const char **name, size_t *length)
{
    const size_t place = gguf->at;
    if (!gguf_take_text(gguf, what, name, length))
        return false;
    if (*length > GGUF_KEY)
        return gguf_error(gguf, place, "%s has %zu bytes: expected at most %d", what, *length, GGUF_KEY);
    if (memchr(*name, 0, *length) || text_valid_length(*name, *length) != *length)
        return gguf_error(gguf, place, "%s is not text: expected UTF-8 without NUL", what);
    return true;
}

/* ---- reading: metadata ---- */

/* What the type of a list and its length say. The length is checked against what is left: no element takes less than a
 * byte. */
static bool gguf_take_list(struct gguf *gguf, uint64_t *value, uint64_t *count)
{
    const size_t place = gguf->at;
    if (!gguf_take_number(gguf, 4, "a type of a list", value) ||
        !gguf_take_number(gguf, 8, "a length of a list", count))
        return false;
    if (*value >= GGUF_VALUE_COUNT)
        return gguf_error(gguf, place, "a list has elements of type %" PRIu64 ": expected 0 to %d", *value,
                          GGUF_VALUE_COUNT - 1);
    if (*count > gguf->size - gguf->at)
        return gguf_error(gguf, place,
                          "a list of %" PRIu64 " elements goes beyond the end of the file: expected at most "
                          "the %zu bytes that are left",
                          *count, gguf->size - gguf->at);
    return true;
}

/* Passes over the elements of a list that are no lists. */
static bool gguf_pass_elements(struct gguf *gguf, uint64_t value, uint64_t count)
{
    const char *text;
    size_t length;
    if (value != GGUF_VALUE_TEXT)
        return gguf_take(gguf, count * dtype_kind(gguf_values[value])->bytes, "a list") != NULL;
    for (uint64_t i = 0; i < count; i++)
        if (!gguf_take_text(gguf, "a text of a list", &text, &length))
            return false;
    return true;
}

/* Passes over `count` lists, which may hold lists. */
static bool gguf_pass_lists(struct gguf *gguf, uint64_t count)
{
    uint64_t left[GGUF_DEPTH] = {count}, value;
    for (int depth = 0; depth >= 0;) {
        if (left[depth] == 0) {
            depth--;
            continue;
        }
        left[depth]--;
        const size_t place = gguf->at;
        if (!gguf_take_list(gguf, &value, &count))
            return false;
        if (value != GGUF_VALUE_LIST) {
            if (!gguf_pass_elements(gguf, value, count))
                return false;
        } else if (depth + 1 == GGUF_DEPTH) {
            return gguf_error(gguf, place, "lists in lists: expected at most %d levels", GGUF_DEPTH);
        } else {
            left[++depth] = count;
        }
    }
    return true;
}

static bool gguf_read_list(struct gguf *gguf, struct metadatum *to)
{
    uint64_t value, count;
    if (!gguf_take_list(gguf, &value, &count))
        return false;
    const size_t start = gguf->at;
    to->kind = METADATUM_LIST;
    to->size = (size_t)count;
    to->dtype = gguf_values[value];
    if (value == GGUF_VALUE_LIST)
        return gguf_pass_lists(gguf, count);
    to->data = gguf->data + start;
    const bool ok = gguf_pass_elements(gguf, value, count);
    to->bytes = gguf->at - start;
    return ok;
}

static bool gguf_read_number(struct gguf *gguf, enum dtype dtype, struct metadatum *to)
{
    const size_t place = gguf->at, bytes = dtype_kind(dtype)->bytes;
    uint64_t bits;
    if (!gguf_take_number(gguf, bytes, "a number", &bits))
        return false;
    to->dtype = dtype;
    to->kind = METADATUM_INTEGER;
    if (dtype == DTYPE_F32) {
        const uint32_t single = (uint32_t)bits;
        float real;
        memcpy(&real, &single, sizeof real);
        to->kind = METADATUM_REAL;
        to->real = (double)real;
    } else if (dtype == DTYPE_F64) {
        to->kind = METADATUM_REAL;
        memcpy(&to->real, &bits, sizeof to->real);
    } else if (dtype == DTYPE_BOOL) {
        if (bits > 1)
            return gguf_error(gguf, place, "a truth is %" PRIu64 ": expected 0 or 1", bits);
        to->kind = METADATUM_TRUTH;
        to->integer = (int64_t)bits;
    } else {
        const bool is_signed =
            dtype == DTYPE_I8 || dtype == DTYPE_I16 || dtype == DTYPE_I32 || dtype == DTYPE_I64;
        const uint64_t sign = UINT64_C(1) << (8 * bytes - 1);
        /* The bits of two's complement: with the sign taken away where it counts below 0. */
        to->integer = (int64_t)(is_signed ? (bits ^ sign) - sign : bits);
        to->is_unsigned = !is_signed && bits > INT64_MAX;
    }
    return true;
}

static bool gguf_read_metadatum(struct gguf *gguf)
{
    const size_t place = gguf->at;
    const char *key;
    size_t length;
    uint64_t value;
    if (!gguf_take_name(gguf, "a key", &key, &length))
        return false;
    if (length == 0)
        return gguf_error(gguf, place, "an empty key: expected a name");
    const size_t type_place = gguf->at;
    if (!gguf_take_number(gguf, 4, "a type of a value", &value))
        return false;
    if (value >= GGUF_VALUE_COUNT)
        return gguf_error(gguf, type_place, "the value of %.*s has type %" PRIu64 ": expected 0 to %d",
                          (int)length, key, value, GGUF_VALUE_COUNT - 1);
    struct metadatum *to = archive_add_metadatum(gguf->archive, key, length, gguf->error);
    if (!to)
        return false;
    if (value == GGUF_VALUE_LIST)
        return gguf_read_list(gguf, to);
    if (value != GGUF_VALUE_TEXT)
        return gguf_read_number(gguf, gguf_values[value], to);
    to->kind = METADATUM_TEXT;
    if (!gguf_take_text(gguf, "a text", &to->data, &to->size))
        return false;
    to->bytes = to->size;
    return true;
}

static int gguf_compare_keys(const void *a, const void *b)
{
    const struct metadatum *const *left = a, *const *right = b;
    return strcmp((*left)->key, (*right)->key);
}

/* A key that stands twice, or NULL; false without memory. */
static bool gguf_find_twice(const struct metadatum *metadata, size_t count, const char **twice,
                            struct error *error)
{
    const struct metadatum **sorted = memory_alloc(count, sizeof *sorted, error);
    if (!sorted)
        return false;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &metadata[i];
    qsort(sorted, count, sizeof *sorted, gguf_compare_keys);
    *twice = NULL;
    for (size_t i = 1; i < count && !*twice; i++)
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            *twice = sorted[i]->key;
    free(sorted);
    return true;
}

static bool gguf_read_alignment(struct gguf *gguf)
{
    const struct metadatum *alignment = archive_metadatum(gguf->archive, "general.alignment");
    gguf->alignment = GGUF_ALIGNMENT;
    if (!alignment)
        return true;
    const bool is_whole = alignment->kind == METADATUM_INTEGER && alignment->dtype == DTYPE_U32;
    gguf->alignment = is_whole ? (uint64_t)alignment->integer : 0;
    if (gguf->alignment == 0 || (gguf->alignment & (gguf->alignment - 1)) != 0)
        return error_set(gguf->error, ERROR_INPUT,
                         "%s: general.alignment: expected a power of 2, as an unsigned number of 32 bits",
                         gguf->archive->sources[0].name);
    return true;
}

/* ---- reading: tensors ---- */

/* The type as a name, and how many bytes the array takes: 0 where that is not known. */
static bool gguf_set_type(struct gguf *gguf, struct array *array, uint64_t number)
{
    const struct gguf_type *type = number < GGUF_TYPE_COUNT ? &gguf_types[number] : NULL;
    size_t count, per_block = 0, bytes = 0;
    if (type) {
        const bool is_read = type->dtype != DTYPE_UNKNOWN;
        array->type = type->name;
        array->dtype = type->dtype;
        per_block = is_read ? dtype_kind(type->dtype)->count : type->count;
        bytes = is_read ? dtype_kind(type->dtype)->bytes : type->bytes;
    } else {
        enum { ROOM = 28 };
        char *name = archive_alloc(gguf->archive, ROOM, 1, gguf->error);
        if (!name)
            return false;
        snprintf(name, ROOM, "type %" PRIu64, number);
        array->type = name;
    }
    if (!array_count(array, &count) || !array_pack(array))
        return archive_error(gguf->archive, array, gguf->error,
                             "the shape has too many numbers: expected fewer");
    if (per_block == 0)
        return true;
    const size_t row = array->rank > 0 ? array->shape[array->rank - 1] : 1;
    if (row % per_block != 0)
        return archive_error(gguf->archive, array, gguf->error,
                             "rows of %zu numbers of type %s: expected a multiple of %zu", row, array->type,
                             per_block);
    if (!size_multiply(count / per_block, bytes, &array->bytes))
        return archive_error(gguf->archive, array, gguf->error,
                             "the shape has too many numbers: expected fewer");
    return true;
}

/* Of an array, everything but where its bytes are: `offset` is that behind the start of data until gguf_place. */
static bool gguf_read_tensor(struct gguf *gguf)
{
    const size_t place = gguf->at;
    const char *name;
    size_t length;
    uint64_t rank, type, offset;
    if (!gguf_take_name(gguf, "a name of a tensor", &name, &length))
        return false;
    struct array *array = archive_add(gguf->archive, name, length, gguf->error);
    if (!array)
        return false;
    /* archive_add gives a name that it has met another one. */
    if (strlen(array->name) != length)
        return gguf_error(gguf, place, "the tensor %.*s stands twice: expected names that differ",
                          (int)length, name);
    if (!gguf_take_number(gguf, 4, "a rank", &rank))
        return false;
    if (rank > GGUF_RANK)
        return archive_error(gguf->archive, array, gguf->error,
                             "it has %" PRIu64 " axes: expected at most %d", rank, GGUF_RANK);
    array->rank = (int)rank;
    /* GGUF begins with the axis along which numbers follow each other. */
    for (int a = array->rank; a-- > 0;) {
        uint64_t axis;
        if (!gguf_take_number(gguf, 8, "a shape", &axis))
            return false;
        if (axis > PTRDIFF_MAX)
            return archive_error(gguf->archive, array, gguf->error,
                                 "an axis has %" PRIu64 " numbers: expected fewer", axis);
        array->shape[a] = (size_t)axis;
    }
    if (!gguf_take_number(gguf, 4, "a type of a tensor", &type) ||
        !gguf_take_number(gguf, 8, "an offset", &offset))
        return false;
    if (offset > gguf->size)
        return archive_error(gguf->archive, array, gguf->error,
                             "its data begins at %" PRIu64 ", and the file has %zu bytes: expected it inside",
                             offset, gguf->size);
    array->offset = (size_t)offset;
    return gguf_set_type(gguf, array, type);
}

static int gguf_compare_offsets(const void *a, const void *b)
{
    const struct array *const *left = a, *const *right = b;
    return ((*left)->offset > (*right)->offset) - ((*left)->offset < (*right)->offset);
}

static bool gguf_check_overlap(const struct gguf *gguf)
{
    const struct archive *archive = gguf->archive;
    const struct array **sorted = memory_alloc(archive->count, sizeof *sorted, gguf->error);
    size_t count = 0;
    bool ok = true;
    if (!sorted)
        return false;
    for (size_t i = 0; i < archive->count; i++)
        if (archive->arrays[i].bytes > 0)
            sorted[count++] = &archive->arrays[i];
    qsort(sorted, count, sizeof *sorted, gguf_compare_offsets);
    for (size_t i = 1; i < count && ok; i++)
        if (sorted[i]->offset - sorted[i - 1]->offset < sorted[i - 1]->bytes)
            ok = archive_error(archive, sorted[i], gguf->error,
                               "its data begins inside that of %s: expected tensors apart",
                               sorted[i - 1]->name);
    free(sorted);
    return ok;
}

/* Finds the bytes of all arrays in the data that begin at the next multiple of the alignment. */
static bool gguf_place(struct gguf *gguf)
{
    const uint64_t start = (gguf->at + gguf->alignment - 1) / gguf->alignment * gguf->alignment;
    const size_t room = start < gguf->size ? gguf->size - (size_t)start : 0;
    for (size_t i = 0; i < gguf->archive->count; i++) {
        struct array *array = &gguf->archive->arrays[i];
        if (array->offset % gguf->alignment != 0)
            return archive_error(gguf->archive, array, gguf->error,
                                 "its data begins at %zu: expected a multiple of %" PRIu64, array->offset,
                                 gguf->alignment);
        if (array->offset > room || array->bytes > room - array->offset)
            return archive_error(gguf->archive, array, gguf->error,
                                 "%zu bytes at %zu go beyond the end of the file: expected them in the %zu "
                                 "bytes of data",
                                 array->bytes, array->offset, room);
        if (room > 0)
            array->offset += (size_t)start;
        else
            array->offset = gguf->size;
        if (array->dtype != DTYPE_UNKNOWN)
            array->data = gguf->data + array->offset;
        array->swapped = __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ && dtype_kind(array->dtype)->count == 1;
    }
    return gguf_check_overlap(gguf);
}

/* ---- reading: the file ---- */

static bool gguf_read_header(struct gguf *gguf, uint64_t *tensors, uint64_t *metadata)
{
    const char *name = gguf->archive->sources[0].name;
    uint64_t version;
    if (gguf->size < 4 || memcmp(gguf->data, "GGUF", 4) != 0)
        return error_set(gguf->error, ERROR_INPUT, "%s: no GGUF file: expected \"GGUF\" at its beginning",
                         name);
    gguf->at = 4;
    if (!gguf_take_number(gguf, 4, "the version", &version))
        return false;
    /* A small number whose bytes are turned round. */
    if ((version & 0xffff) == 0 && version != 0)
        return error_set(gguf->error, ERROR_INPUT, "%s: GGUF in big endian: expected little endian", name);
    if (version != 2 && version != 3)
        return error_set(gguf->error, ERROR_INPUT, "%s: GGUF of version %" PRIu64 ": expected 2 or 3", name,
                         version);
    return gguf_take_number(gguf, 8, "the number of tensors", tensors) &&
           gguf_take_number(gguf, 8, "the number of metadata", metadata);
}

static bool gguf_open(struct archive *archive, struct error *error)
{
    const struct source *source = &archive->sources[0];
    struct gguf gguf = {.archive = archive, .data = source->data, .size = source->size, .error = error};
    uint64_t tensors = 0, metadata = 0;
    const char *twice;
    if (!gguf_read_header(&gguf, &tensors, &metadata))
        return false;
    /* Both numbers may be anything: the file ends before they are reached, if they are too large. */
    for (uint64_t i = 0; i < metadata; i++)
        if (!gguf_read_metadatum(&gguf))
            return false;
    if (!gguf_find_twice(archive->metadata, archive->metadata_count, &twice, error))
        return false;
    if (twice)
        return error_set(error, ERROR_INPUT, "%s: the key %s stands twice: expected keys that differ",
                         source->name, twice);
    if (!gguf_read_alignment(&gguf))
        return false;
    for (uint64_t i = 0; i < tensors; i++)
        if (!gguf_read_tensor(&gguf))
            return false;
    return gguf_place(&gguf);
}

/* Only arrays that cannot be read have no data. */
static bool gguf_load(struct archive *archive, struct array *array, struct error *error)
{
    char unread[ARRAY_UNREAD_TEXT];
    return archive_error(archive, array, error,
                         "%s: expected F32, F16, BF16, F64, I8 to I64, Q4_0 to "
                         "Q8_0, Q2_K to Q6_K, IQ4_NL, IQ4_XS or MXFP4",
                         array_unread(array, unread));
}

static int gguf_probe(const char *data, size_t size, const char *name)
{
    if (size >= 4 && memcmp(data, "GGUF", 4) == 0)
        return 2;
    return text_ends_caseless(name, ".gguf") ? 1 : 0;
}

/* ---- writing ---- */

static enum dtype gguf_holds(enum dtype dtype)
{
    return gguf_type_of(dtype) < GGUF_TYPE_COUNT ? dtype : DTYPE_UNKNOWN;
}

static void gguf_put_number(struct out *out, size_t bytes, uint64_t number)
{
    for (size_t i = 0; i < bytes; i++)
        out_char(out, (char)(number >> 8 * i & 0xff));
}

static void gguf_put_text(struct out *out, const char *text, size_t length)
{
    gguf_put_number(out, 8, length);
    out_bytes(out, text, length);
}

/* The type that a number is written as: that which it had, else the one that libllama wants of a number of that kind, if it
 * holds it. */
static enum dtype gguf_type_of_number(const struct metadatum *metadatum)
{
    if (gguf_value_of(metadatum->dtype) < GGUF_VALUE_COUNT)
        return metadatum->dtype;
    if (metadatum->kind == METADATUM_REAL)
        return (double)(float)metadatum->real == metadatum->real || metadatum->real != metadatum->real
                   ? DTYPE_F32
                   : DTYPE_F64;
    if (metadatum->is_unsigned)
        return DTYPE_U64;
    if (metadatum->integer >= 0)
        return metadatum->integer <= UINT32_MAX ? DTYPE_U32 : DTYPE_I64;
    return metadatum->integer >= INT32_MIN ? DTYPE_I32 : DTYPE_I64;
}

/* Whether the format has a place for it. The alignment is the writer's own: another one is not kept. */
static bool gguf_is_kept(const struct metadatum *metadatum)
{
    if (strcmp(metadatum->key, "general.alignment") == 0)
        return metadatum->kind == METADATUM_INTEGER && metadatum->integer == GGUF_ALIGNMENT &&
               gguf_type_of_number(metadatum) == DTYPE_U32;
    if (metadatum->kind != METADATUM_LIST)
        return true;
    return metadatum->data &&
           (metadatum->dtype == DTYPE_UNKNOWN || gguf_value_of(metadatum->dtype) < GGUF_VALUE_COUNT);
}

static void gguf_put_real(struct out *out, enum dtype dtype, double real)
{
    if (dtype == DTYPE_F32) {
        const float single = (float)real;
        uint32_t bits;
        memcpy(&bits, &single, sizeof bits);
        gguf_put_number(out, 4, bits);
    } else {
        uint64_t bits;
        memcpy(&bits, &real, sizeof bits);
        gguf_put_number(out, 8, bits);
    }
}

static void gguf_put_metadatum(struct out *out, const struct metadatum *metadatum)
{
    const enum dtype dtype = gguf_type_of_number(metadatum);
    gguf_put_text(out, metadatum->key, strlen(metadatum->key));
    switch (metadatum->kind) {
    case METADATUM_TEXT:
        gguf_put_number(out, 4, GGUF_VALUE_TEXT);
        gguf_put_text(out, metadatum->data, metadatum->size);
        break;
    case METADATUM_TRUTH:
        gguf_put_number(out, 4, GGUF_VALUE_TRUTH);
        gguf_put_number(out, 1, metadatum->integer != 0);
        break;
    case METADATUM_INTEGER:
        gguf_put_number(out, 4, gguf_value_of(dtype));
        gguf_put_number(out, dtype_kind(dtype)->bytes, (uint64_t)metadatum->integer);
        break;
    case METADATUM_REAL:
        gguf_put_number(out, 4, gguf_value_of(dtype));
        gguf_put_real(out, dtype, metadatum->real);
        break;
    case METADATUM_LIST:
        gguf_put_number(out, 4, GGUF_VALUE_LIST);
        gguf_put_number(
            out, 4, metadatum->dtype == DTYPE_UNKNOWN ? GGUF_VALUE_TEXT : gguf_value_of(metadatum->dtype));
        gguf_put_number(out, 8, metadatum->size);
        out_bytes(out, metadatum->data, metadatum->bytes);
        break;
    }
}

static bool gguf_check_metadata(const struct metadatum *metadata, size_t count, struct error *error)
{
    const char *twice;
    for (size_t i = 0; i < count; i++)
        if (!*metadata[i].key || strlen(metadata[i].key) > GGUF_KEY)
            return error_set(error, ERROR_USAGE,
                             "GGUF cannot hold a key of %zu bytes: expected 1 to %d bytes",
                             strlen(metadata[i].key), GGUF_KEY);
    if (!gguf_find_twice(metadata, count, &twice, error))
        return false;
    return !twice || error_set(error, ERROR_USAGE,
                               "GGUF cannot hold the key %s twice: expected keys that differ", twice);
}

static int gguf_compare_names(const void *a, const void *b)
{
    const struct array *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static bool gguf_check_names(const struct array *arrays, size_t count, struct error *error)
{
    const struct array **sorted = memory_alloc(count, sizeof *sorted, error);
    bool ok = true;
    if (!sorted)
        return false;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &arrays[i];
    qsort(sorted, count, sizeof *sorted, gguf_compare_names);
    for (size_t i = 1; i < count && ok; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            ok = error_set(error, ERROR_USAGE, "GGUF cannot hold %s twice: expected names that differ",
                           sorted[i]->name);
    free(sorted);
    return ok;
}

/* How many bytes it takes in the file, without the gap behind it. */
static bool gguf_bytes(const struct array *array, size_t *bytes)
{
    const struct dtype_kind *kind = dtype_kind(array->dtype);
    size_t count;
    return array_count(array, &count) && size_multiply(count / kind->count, kind->bytes, bytes) &&
           *bytes <= SIZE_MAX - GGUF_ALIGNMENT;
}

static bool gguf_check_array(const struct array *array, struct error *error)
{
    const struct dtype_kind *kind = dtype_kind(array->dtype);
    size_t bytes;
    if (strlen(array->name) > GGUF_NAME || !array->name[0])
        return error_set(error, ERROR_USAGE, "GGUF cannot hold the name \"%s\": expected 1 to %d bytes",
                         array->name, GGUF_NAME);
    if (array->rank > GGUF_RANK)
        return error_set(error, ERROR_USAGE, "GGUF cannot hold %s, which has %d axes: expected at most %d",
                         array->name, array->rank, GGUF_RANK);
    const size_t row = array->rank > 0 ? array->shape[array->rank - 1] : 1;
    if (gguf_type_of(array->dtype) == GGUF_TYPE_COUNT || row % kind->count != 0 || !gguf_bytes(array, &bytes))
        return error_set(error, ERROR_USAGE,
                         "GGUF cannot hold %s as %s, in rows of %zu: expected another type", array->name,
                         kind->name, row);
    return true;
}

static void gguf_put_gap(struct out *out, size_t bytes)
{
    static const char zeros[GGUF_ALIGNMENT];
    out_bytes(out, zeros, (GGUF_ALIGNMENT - bytes % GGUF_ALIGNMENT) % GGUF_ALIGNMENT);
}

/* The description of an array whose data begins at `offset`; returns where the next one's does. */
static uint64_t gguf_put_tensor(struct out *out, const struct array *array, uint64_t offset)
{
    size_t bytes = 0;
    gguf_bytes(array, &bytes);
    gguf_put_text(out, array->name, strlen(array->name));
    gguf_put_number(out, 4, (uint64_t)array->rank);
    for (int a = array->rank; a-- > 0;)
        gguf_put_number(out, 8, array->shape[a]);
    gguf_put_number(out, 4, gguf_type_of(array->dtype));
    gguf_put_number(out, 8, offset);
    return offset + size_divide_up(bytes, GGUF_ALIGNMENT) * GGUF_ALIGNMENT;
}

/* All that stands before the data. */
static void gguf_put_head(struct out *out, const struct array *arrays, size_t count,
                          const struct metadatum *metadata, size_t metadata_count)
{
    size_t kept = 0;
    uint64_t offset = 0;
    for (size_t i = 0; i < metadata_count; i++)
        kept += gguf_is_kept(&metadata[i]);
    out_text(out, "GGUF");
    gguf_put_number(out, 4, 3);
    gguf_put_number(out, 8, count);
    gguf_put_number(out, 8, kept);
    for (size_t i = 0; i < metadata_count; i++)
        if (gguf_is_kept(&metadata[i]))
            gguf_put_metadatum(out, &metadata[i]);
    for (size_t i = 0; i < count; i++)
        offset = gguf_put_tensor(out, &arrays[i], offset);
}

/* Data follows in the order of the descriptions, each array from the next multiple of the alignment on, and the last one is
 * filled up too: libggml reads no other files. */
static bool gguf_write(const struct array *arrays, size_t count, const struct metadatum *metadata,
                       size_t metadata_count, struct out *out, struct error *error)
{
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
        return error_set(error, ERROR_USAGE, "GGUF is written on little-endian machines only");
    for (size_t i = 0; i < count; i++)
        if (!gguf_check_array(&arrays[i], error))
            return false;
    if (!gguf_check_names(arrays, count, error) || !gguf_check_metadata(metadata, metadata_count, error))
        return false;
    struct out head;
    out_begin(&head, -1, out->name);
    gguf_put_head(&head, arrays, count, metadata, metadata_count);
    bool ok = out_finish(&head, error);
    if (ok) {
        out_bytes(out, head.data, head.size);
        if (count > 0)
            gguf_put_gap(out, head.size);
        for (size_t i = 0; ok && i < count; i++) {
            size_t bytes = 0;
            gguf_bytes(&arrays[i], &bytes);
            ok = array_write(&arrays[i], out, error);
            gguf_put_gap(out, bytes);
        }
    }
    out_free(&head);
    return ok;
}

static const char *const gguf_endings[] = {".gguf", NULL};

const struct format format_gguf = {.name = "gguf",
                                   .what = "a GGUF file",
                                   .endings = gguf_endings,
                                   .probe = gguf_probe,
                                   .open = gguf_open,
                                   .load = gguf_load,
                                   .keeps = gguf_is_kept,
                                   .holds = gguf_holds,
                                   .write = gguf_write};
