/* An array of float32, rank 1 to 4, row-major, and its place in a file. */
#ifndef ATTN_TENSOR_TENSOR_H
#define ATTN_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"

#define TENSOR_RANK_MAX 4

/* The kinds of values in the file. true and false are 1 and 0. A null is TENSOR_NULL_BITS, a quiet NaN of its
 * own: -infinity in a tensor that is added to scores, NaN in others. Finite numbers that are too large for float32 are
 * infinities. */
enum tensor_holds { TENSOR_NUMBERS = 1, TENSOR_BOOLEANS = 2, TENSOR_NULLS = 4, TENSOR_TOO_LARGE = 8 };
#define TENSOR_NULL_BITS UINT32_C(0x7fc0a77e)

struct tensor {
    float *data;      /* NULL: the tensor is absent */
    bool is_borrowed; /* data belongs to the file it lies in; otherwise it is owned */
    int rank;
    size_t shape[TENSOR_RANK_MAX];
    unsigned holds;    /* bits of enum tensor_holds */
    bool is_out_in;    /* of a projection: stored as out×in, transposed */
    bool true_attends; /* of a mask: nonzero attends, whatever mask_true_blocks says */
    bool
        may_be_keys; /* of a mask of two axes: these may be a batch and its keys, as a tokenizer gives them */
    struct place place;
    double too_large; /* with TENSOR_TOO_LARGE: the first such number of the array that it was read from, */
    size_t too_large_at; /* and which one of it that is */
    bool is_told; /* its infinities are numbers of a text that were too large, and a warning told of them */
};

/* How many numbers it has: the product of the shape. */
size_t tensor_count(const struct tensor *tensor);
void tensor_free(struct tensor *tensor);
/* Gives it other numbers, which it owns; those that it had are freed if it owned them. */
void tensor_replace(struct tensor *tensor, float *data);
/* To be asked before numbers are changed where they lie: borrowed ones, which other tensors may have too, are copied. Errors: no
 * memory. */
bool tensor_own(struct tensor *tensor, struct error *error);

float tensor_null(void);
bool tensor_is_null(float value);

/* The shape as text: "12×6×6", "5 numbers". 96 bytes have room for any. Returns `out`. */
char *tensor_shape(const struct tensor *tensor, char out[96]);

#endif
