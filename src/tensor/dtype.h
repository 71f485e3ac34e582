/*
 * The types of numbers in files, and their values as float32. A type has blocks of `count` numbers in `bytes` bytes, of
 * which quantized types have more than one.
 */
#ifndef ATTN_TENSOR_DTYPE_H
#define ATTN_TENSOR_DTYPE_H

#include <stdbool.h>
#include <stddef.h>

/* In the order of dtype_kinds. */
enum dtype {
    DTYPE_UNKNOWN, /* one that is named by its format and cannot be read: array->type says which */
    DTYPE_BOOL,
    DTYPE_I8,
    DTYPE_U8,
    DTYPE_I16,
    DTYPE_U16,
    DTYPE_I32,
    DTYPE_U32,
    DTYPE_I64,
    DTYPE_U64,
    DTYPE_F8_E4M3, /* of 8 bits: without infinities ("fn"), and with them */
    DTYPE_F8_E5M2,
    DTYPE_F16,
    DTYPE_BF16,
    DTYPE_F32,
    DTYPE_F64,
    DTYPE_Q4_0, /* from here on quantized: tensor/dtype_quantized.h */
    DTYPE_Q4_1,
    DTYPE_Q5_0,
    DTYPE_Q5_1,
    DTYPE_Q8_0,
    DTYPE_Q2_K,
    DTYPE_Q3_K,
    DTYPE_Q4_K,
    DTYPE_Q5_K,
    DTYPE_Q6_K,
    DTYPE_IQ4_NL,
    DTYPE_IQ4_XS,
    DTYPE_MXFP4,
    DTYPE_COUNT
};

struct dtype_kind {
    const char *name; /* as --dtype and messages say it: "f32" */
    size_t count;     /* numbers of a block */
    size_t bytes;     /* of a block */
    /* Widens `blocks` whole blocks, which follow each other from `from` on in the byte order of this machine (quantized ones:
     * little endian) and need not be aligned, to float32. NULL: cannot be read. Integers and doubles that float32 does not
     * hold are rounded to the nearest; what is too large becomes an infinity. */
    void (*widen)(float *to, const void *from, size_t blocks);
};

static inline bool dtype_is_integer(enum dtype dtype)
{
    return dtype >= DTYPE_I8 && dtype <= DTYPE_U64;
}
static inline bool dtype_is_float8(enum dtype dtype)
{
    return dtype == DTYPE_F8_E4M3 || dtype == DTYPE_F8_E5M2;
}

/* That of a type; never NULL. */
const struct dtype_kind *dtype_kind(enum dtype dtype);

/* The type of that name ("f32", "bf16", "q8_0"), or DTYPE_UNKNOWN. */
enum dtype dtype_named(const char *name);

#endif
