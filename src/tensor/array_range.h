/* The smallest and the largest number of an array, and how many are no numbers, in one pass over its memory. */
#ifndef ATTN_TENSOR_ARRAY_RANGE_H
#define ATTN_TENSOR_ARRAY_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"
#include "tensor/array.h"

/* Of the finite numbers. A long double holds every number of every type as it is, integers of 64 bits too. */
struct array_range {
    bool is_known; /* there are finite numbers; else min and max are 0 */
    long double min, max;
    size_t nonfinite; /* infinities and NaN */
};

/*
 * Measures all numbers of an array that is loaded and whose type can be read. `source` is the file that it lies in, whose
 * pages are given back as they have been read, or NULL. Numbers that lie side by side in the byte order of this machine are
 * read where they are; others are copied first. Errors: no memory for that.
 */
bool array_range(struct array_range *range, const struct array *array, const struct source *source,
                 struct error *error);

/* The number at `from`, which need not be aligned, of a type that has one a block; NaN where it is not finite. */
long double array_range_number(enum dtype dtype, const void *from);

#endif
