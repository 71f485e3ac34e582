/*
 * GGUF, the files of llama.cpp, as it is read: metadata, descriptions of tensors, and their bytes. Versions 2 and 3, little
 * endian.
 * Source of the format: docs/gguf.md, include/ggml.h and src/gguf.cpp of ggml, revision
 * d99724f2b141fed9e1a9f402213506c081433465.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/names.h"
#include "base/text.h"
#include "tensor/format.h"
#include "tensor/gguf_types.h"
#include "tensor/gguf_write.h"

enum { GGUF_DEPTH = 8 /* the deepest lists of lists that are passed over; libggml refuses all */ };

/* ---- pieces ---- */

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

static bool gguf_take_number(struct gguf *gguf, size_t bytes, const char *what, uint64_t *number)
{
    const char *data = gguf_take(gguf, bytes, what);
    *number = data ? little_endian(data, bytes) : 0;
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

/* ---- metadata ---- */

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

static bool gguf_check_keys(const struct gguf *gguf)
{
    const struct archive *archive = gguf->archive;
    const char *twice;
    if (!names_find_twice(archive->metadata, offsetof(struct metadatum, key), sizeof *archive->metadata,
                          archive->metadata_count, &twice, gguf->error))
        return false;
    return !twice ||
           error_set(gguf->error, ERROR_INPUT, "%s: the key %s stands twice: expected keys that differ",
                     archive->sources[0].name, twice);
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

/* ---- tensors ---- */

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

/* ---- the file ---- */

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
    if (!gguf_read_header(&gguf, &tensors, &metadata))
        return false;
    /* Both numbers may be anything: the file ends before they are reached, if they are too large. */
    for (uint64_t i = 0; i < metadata; i++)
        if (!gguf_read_metadatum(&gguf))
            return false;
    if (!gguf_check_keys(&gguf) || !gguf_read_alignment(&gguf))
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

static const char *const gguf_endings[] = {".gguf", NULL};

const struct format format_gguf = {.name = "gguf",
                                   .what = "a GGUF file",
                                   .endings = gguf_endings,
                                   .probe = gguf_probe,
                                   .open = gguf_open,
                                   .load = gguf_load,
                                   .keeps = gguf_keeps,
                                   .holds = gguf_holds,
                                   .write = gguf_write};
