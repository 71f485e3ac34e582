/* The numbers of arrays on their way into files, made one piece after the other. */
#ifndef ATTN_TENSOR_ARRAY_WRITE_H
#define ATTN_TENSOR_ARRAY_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "base/source.h"
#include "tensor/array.h"
#include "tensor/narrow.h"

/* The array that another is made of when it is written: of the same shape, loaded, with any type and strides. */
struct array_origin {
    struct array array;
    const struct source
        *source; /* the file that it lies in, whose pages are given back as they have been written, or NULL */
    struct narrow_losses losses; /* what the numbers lost on the way */
};

/* The bytes of its numbers in a file: packed, of its type. False where that does not fit a size_t. */
bool array_write_bytes(const struct array *array, size_t *bytes);

/* The numbers where they lie, if array_write would copy them from there as they are; else NULL. */
const char *array_write_in_place(const struct array *array);

/* Writes the numbers of an array: those of its origin, turned into its type, or those at `data`, which are packed. For formats.
 * What is held meanwhile is a piece, and the whole of an origin with gaps or of the other byte order. Errors: no memory. */
bool array_write(const struct array *array, struct out *out, struct error *error);

#endif
