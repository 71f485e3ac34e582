/*
 * What reading and writing of GGUF agree on: the numbers that stand for types, and limits. Source: include/ggml.h, ggml.c and
 * src/gguf.cpp of ggml, revision d99724f2b141fed9e1a9f402213506c081433465.
 */
#ifndef ATTN_TENSOR_GGUF_TYPES_H
#define ATTN_TENSOR_GGUF_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "tensor/dtype.h"

enum {
    GGUF_RANK = 4,       /* the most axes of a tensor: GGML_MAX_DIMS */
    GGUF_KEY = 65535,    /* the most bytes of a key */
    GGUF_ALIGNMENT = 32, /* of data, where the file does not say otherwise */
};

/* enum ggml_type by its numbers. Types that cannot be read, with dtype 0, say how large their blocks are; of those that ggml
 * has given up (count 0) that is not known either. */
struct gguf_type {
    const char *name;
    enum dtype dtype;
    size_t count, bytes;
};

enum { GGUF_TYPE_COUNT = 43 };
extern const struct gguf_type gguf_types[GGUF_TYPE_COUNT];

/* The number of a type that can be read, or GGUF_TYPE_COUNT. */
size_t gguf_type_of(enum dtype dtype);

/* enum gguf_metadata_value_type by its numbers; those of texts and lists are no numbers. */
enum { GGUF_VALUE_TRUTH = 7, GGUF_VALUE_TEXT = 8, GGUF_VALUE_LIST = 9, GGUF_VALUE_COUNT = 13 };
extern const enum dtype gguf_values[GGUF_VALUE_COUNT];

/* The number of a value of that type, or GGUF_VALUE_COUNT. */
uint32_t gguf_value_of(enum dtype dtype);

#endif
