#include "tensor/torch_numpy.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"

static const struct pickle_value *numpy_value(const struct torch *torch, pickle_id value)
{
    return &torch->pickle.values[value];
}

static bool is_call_of(const struct pickle_value *value, int what)
{
    return value->kind == PICKLE_CALL && value->name->what == what;
}

/* ---- types ---- */

/* By NumPy's code: kind and bytes of a number. Those without a value here are named and not read. */
static const struct numpy_type {
    const char *code;
    enum dtype dtype;
} numpy_types[] = {
    {"b1", DTYPE_BOOL}, {"i1", DTYPE_I8},  {"u1", DTYPE_U8},  {"i2", DTYPE_I16},
    {"u2", DTYPE_U16},  {"i4", DTYPE_I32}, {"u4", DTYPE_U32}, {"i8", DTYPE_I64},
    {"u8", DTYPE_U64},  {"f2", DTYPE_F16}, {"f4", DTYPE_F32}, {"f8", DTYPE_F64},
};

/* A dtype is called with its code, "f8", and its state has the byte order at 1: '<', '>', or '|' for none. */
static bool numpy_dtype(const struct torch *torch, pickle_id value, struct array *array)
{
    const struct pickle *pickle = &torch->pickle;
    const struct pickle_value *call = numpy_value(torch, value);
    if (!is_call_of(call, NUMPY_DTYPE))
        return false;
    const struct pickle_value *code = numpy_value(torch, pickle_item(pickle, call->arguments, 0));
    const struct pickle_value *order = numpy_value(torch, pickle_item(pickle, call->state, 1));
    if (code->kind != PICKLE_TEXT || code->size != 2)
        return false;
    const bool is_big = order->kind == PICKLE_TEXT && order->size == 1 && order->data[0] == '>';
    for (size_t i = 0; i < sizeof numpy_types / sizeof *numpy_types; i++)
        if (memcmp(numpy_types[i].code, code->data, 2) == 0) {
            array->dtype = numpy_types[i].dtype;
            array->type = torch_types[torch_type_of(array->dtype)].name;
            array->swapped = is_big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
            return true;
        }
    return false;
}

/* ---- bytes ---- */

/* A text whose characters are bytes (U+0000 to U+00FF), as protocol 2 writes bytes; of a length that the text has at least
 * half of. */
static bool latin_decode(const struct pickle_value *text, char *to, size_t *size)
{
    *size = 0;
    for (size_t i = 0; i < text->size; i++) {
        const unsigned char byte = (unsigned char)text->data[i];
        if (byte > 0xC3)
            return false;
        if (byte < 0x80)
            to[(*size)++] = (char)byte;
        else
            to[(*size)++] = (char)(byte << 6 | (text->data[++i] & 0x3F));
    }
    return true;
}

/* Where the bytes of a value lie. Protocol 2 of Python 3 calls _codecs.encode for them; those of Python 2 are a text. */
static bool numpy_bytes(struct archive *archive, const struct torch *torch, pickle_id value,
                        const char **data, size_t *size, struct error *error)
{
    const struct pickle *pickle = &torch->pickle;
    const struct pickle_value *bytes = numpy_value(torch, value);
    *data = bytes->kind == PICKLE_BYTES || bytes->kind == PICKLE_TEXT ? bytes->data : NULL;
    *size = *data ? bytes->size : 0;
    if (!is_call_of(bytes, TORCH_ENCODE))
        return true;
    const struct pickle_value *text = numpy_value(torch, pickle_item(pickle, bytes->arguments, 0));
    if (text->kind != PICKLE_TEXT)
        return true;
    char *room = archive_alloc(archive, text->size, 1, error);
    if (room && latin_decode(text, room, size))
        *data = room;
    return room;
}

/* Sets the data of an array, whose type and shape are known, to the bytes of a value: exactly as many as it takes. */
static bool numpy_place(struct archive *archive, const struct torch *torch, pickle_id value, const char *name,
                        struct array *array, struct error *error)
{
    char shape[ARRAY_SHAPE_TEXT];
    const char *data;
    size_t size, count;
    if (!array_count(array, &count) || !size_multiply(count, dtype_kind(array->dtype)->bytes, &array->bytes))
        return torch_error(torch, name, error, "an array of %s: expected fewer numbers",
                           array_shape(array, shape));
    if (!numpy_bytes(archive, torch, value, &data, &size, error))
        return false;
    if (size != array->bytes)
        return torch_error(torch, name, error, "an array of %s in %zu bytes: expected %zu",
                           array_shape(array, shape), size, array->bytes);
    array->data = data ? data : "";
    array->member = SIZE_MAX;
    return true;
}

/* ---- arrays ---- */

/* Axes whose first is the fastest. */
static bool numpy_strides(struct array *array, bool is_fortran)
{
    size_t stride = 1;
    if (!array_pack(array))
        return false;
    for (int a = 0; is_fortran && array->bytes > 0 && a < array->rank; a++) {
        array->stride[a] = (ptrdiff_t)stride;
        stride *= array->shape[a];
    }
    return true;
}

bool torch_numpy_array(struct archive *archive, const struct torch *torch, pickle_id call, const char *name,
                       struct array *array, struct error *error)
{
    const struct pickle *pickle = &torch->pickle;
    const pickle_id state = numpy_value(torch, call)->state;
    const struct pickle_value *fortran = numpy_value(torch, pickle_item(pickle, state, 3));
    size_t rank;
    *array = (struct array){.rank = 0};
    if (!torch_sizes_read(torch, pickle_item(pickle, state, 1), array->shape, &rank) ||
        !numpy_dtype(torch, pickle_item(pickle, state, 2), array))
        return torch_error(
            torch, name, error,
            "an array of NumPy's, of a type that is not read: expected numbers of at most %d axes",
            ARRAY_RANK_MAX);
    array->rank = (int)rank;
    return numpy_place(archive, torch, pickle_item(pickle, state, 4), name, array, error) &&
           numpy_strides(array, fortran->kind == PICKLE_TRUTH && fortran->integer);
}

bool torch_numpy_scalar(struct archive *archive, const struct torch *torch, pickle_id call, const char *name,
                        struct array *array, struct error *error)
{
    const struct pickle *pickle = &torch->pickle;
    const pickle_id arguments = numpy_value(torch, call)->arguments;
    *array = (struct array){.rank = 0};
    if (!numpy_dtype(torch, pickle_item(pickle, arguments, 0), array))
        return torch_error(torch, name, error,
                           "a value of NumPy's, of a type that is not read: expected a number");
    return numpy_place(archive, torch, pickle_item(pickle, arguments, 1), name, array, error);
}
