/* A named array of float32 as it was read, rank 1 to 4, row-major, and where it came from. */
#ifndef ATTN_TENSOR_TENSOR_H
#define ATTN_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"

#define TENSOR_RANK_MAX 4

/* What kinds of values the text held. A null is kept as TENSOR_NULL_BITS, a quiet NaN of its own, so that
 * what is added to scores can take it for -infinity and everything else for NaN. true and false are 1 and 0.
 */
enum tensor_holds { TENSOR_NUMBERS = 1, TENSOR_BOOLEANS = 2, TENSOR_NULLS = 4 };
#define TENSOR_NULL_BITS UINT32_C(0x7fc0a77e)

struct tensor {
    float *data; /* owned; NULL: the tensor is absent */
    int rank;
    size_t shape[TENSOR_RANK_MAX];
    unsigned holds; /* bits of enum tensor_holds */
    struct place place;
};

/* Numbers in it: the product of the shape. */
size_t tensor_count(const struct tensor *tensor);
void tensor_free(struct tensor *tensor);

float tensor_null(void);
bool tensor_is_null(float value);

/* The shape for people: "12×6×6". Room for any shape in 96 bytes. Returns `out`. */
char *tensor_shape(const struct tensor *tensor, char out[96]);

#endif
