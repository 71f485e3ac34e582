/* Numbers of one type as those of another: widened, or rounded to the nearest, of two that are as near to the even one. */
#ifndef ATTN_TENSOR_NARROW_H
#define ATTN_TENSOR_NARROW_H

#include <stdbool.h>
#include <stddef.h>

#include "tensor/dtype.h"

/* What numbers lost. */
struct narrow_losses {
    size_t infinite; /* finite ones that became an infinity */
    size_t inexact;  /* integers, and truth values, that became another number */
    size_t
        small; /* numbers of q8_0 other than 0 in blocks without one of 0.00097 or more, whose scale half precision does
                      * not hold well */
};

/* Whether numbers can be turned into those of that type: f32, f16, bf16, f64, q8_0. */
bool narrow_can(enum dtype to);

/*
 * Turns `count` numbers of type `from`, packed and in the byte order of this machine, into those of type `to`, and adds what they
 * lost. Neither need be aligned; `count` is of whole blocks of both. NaN stays NaN. Integers of more than 53 bits go through the
 * nearest double. q8_0 is that of ggml's quantize_row_q8_0_ref (ggml-quants.c): a scale of max/127 as half precision a block of
 * 32, numbers rounded away from zero where two are as near; its scale may become an infinity, for which 32 numbers count.
 */
void narrow_numbers(enum dtype to, void *out, enum dtype from, const void *numbers, size_t count,
                    struct narrow_losses *losses);

#endif
