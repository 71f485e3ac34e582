/* The types of numbers that safetensors has names for. */
#ifndef ATTN_TENSOR_SAFETENSORS_TYPES_H
#define ATTN_TENSOR_SAFETENSORS_TYPES_H

#include <stddef.h>

#include "tensor/dtype.h"

/* A type as the header has it. Those of less than a byte, those of 8 bits with an exponent and complex numbers are named and
 * not read. */
struct safetensors_type {
    const char *name;
    enum dtype dtype;
    size_t bits;
};

/* In the order of safetensors' own list. */
enum { SAFETENSORS_TYPES = 22 };
extern const struct safetensors_type safetensors_types[SAFETENSORS_TYPES];

/* The place of a type in the list; SAFETENSORS_TYPES: none. */
int safetensors_type_of(enum dtype dtype);

#endif
