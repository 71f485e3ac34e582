#include "tensor/gguf_write.h"

#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/names.h"
#include "tensor/array_write.h"
#include "tensor/gguf_types.h"

enum { GGUF_NAME = 63 /* the most bytes of a name that libggml reads: GGML_MAX_NAME without the NUL */ };

enum dtype gguf_holds(enum dtype dtype)
{
    return gguf_type_of(dtype) < GGUF_TYPE_COUNT ? dtype : DTYPE_UNKNOWN;
}

static void gguf_put_text(struct out *out, const char *text, size_t length)
{
    little_endian_write(out, 8, length);
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

/* The alignment is the writer's own: another one is not kept. */
bool gguf_keeps(const struct metadatum *metadatum)
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
        little_endian_write(out, 4, bits);
    } else {
        uint64_t bits;
        memcpy(&bits, &real, sizeof bits);
        little_endian_write(out, 8, bits);
    }
}

static void gguf_put_metadatum(struct out *out, const struct metadatum *metadatum)
{
    const enum dtype dtype = gguf_type_of_number(metadatum);
    gguf_put_text(out, metadatum->key, strlen(metadatum->key));
    switch (metadatum->kind) {
    case METADATUM_TEXT:
        little_endian_write(out, 4, GGUF_VALUE_TEXT);
        gguf_put_text(out, metadatum->data, metadatum->size);
        break;
    case METADATUM_TRUTH:
        little_endian_write(out, 4, GGUF_VALUE_TRUTH);
        little_endian_write(out, 1, metadatum->integer != 0);
        break;
    case METADATUM_INTEGER:
        little_endian_write(out, 4, gguf_value_of(dtype));
        little_endian_write(out, dtype_kind(dtype)->bytes, (uint64_t)metadatum->integer);
        break;
    case METADATUM_REAL:
        little_endian_write(out, 4, gguf_value_of(dtype));
        gguf_put_real(out, dtype, metadatum->real);
        break;
    case METADATUM_LIST:
        little_endian_write(out, 4, GGUF_VALUE_LIST);
        little_endian_write(
            out, 4, metadatum->dtype == DTYPE_UNKNOWN ? GGUF_VALUE_TEXT : gguf_value_of(metadatum->dtype));
        little_endian_write(out, 8, metadatum->size);
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
    if (!names_find_twice(metadata, offsetof(struct metadatum, key), sizeof *metadata, count, &twice, error))
        return false;
    return !twice || error_set(error, ERROR_USAGE,
                               "GGUF cannot hold the key %s twice: expected keys that differ", twice);
}

static bool gguf_check_names(const struct array *arrays, size_t count, struct error *error)
{
    const char *twice;
    if (!names_find_twice(arrays, offsetof(struct array, name), sizeof *arrays, count, &twice, error))
        return false;
    return !twice ||
           error_set(error, ERROR_USAGE, "GGUF cannot hold %s twice: expected names that differ", twice);
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
    /* With the gap behind it. */
    const bool fits = array_write_bytes(array, &bytes) && bytes <= SIZE_MAX - GGUF_ALIGNMENT;
    if (gguf_type_of(array->dtype) == GGUF_TYPE_COUNT || row % kind->count != 0 || !fits)
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
    array_write_bytes(array, &bytes);
    gguf_put_text(out, array->name, strlen(array->name));
    little_endian_write(out, 4, (uint64_t)array->rank);
    for (int a = array->rank; a-- > 0;)
        little_endian_write(out, 8, array->shape[a]);
    little_endian_write(out, 4, gguf_type_of(array->dtype));
    little_endian_write(out, 8, offset);
    return offset + size_divide_up(bytes, GGUF_ALIGNMENT) * GGUF_ALIGNMENT;
}

/* All that stands before the data. */
static void gguf_put_head(struct out *out, const struct array *arrays, size_t count,
                          const struct metadatum *metadata, size_t metadata_count)
{
    size_t kept = 0;
    uint64_t offset = 0;
    for (size_t i = 0; i < metadata_count; i++)
        kept += gguf_keeps(&metadata[i]);
    out_text(out, "GGUF");
    little_endian_write(out, 4, 3);
    little_endian_write(out, 8, count);
    little_endian_write(out, 8, kept);
    for (size_t i = 0; i < metadata_count; i++)
        if (gguf_keeps(&metadata[i]))
            gguf_put_metadatum(out, &metadata[i]);
    for (size_t i = 0; i < count; i++)
        offset = gguf_put_tensor(out, &arrays[i], offset);
}

/* Data follows in the order of the descriptions, each array from the next multiple of the alignment on, and the last one is
 * filled up too: libggml reads no other files. */
bool gguf_write(const struct array *arrays, size_t count, const struct metadatum *metadata,
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
            array_write_bytes(&arrays[i], &bytes);
            ok = array_write(&arrays[i], out, error);
            gguf_put_gap(out, bytes);
        }
    }
    out_free(&head);
    return ok;
}
