/*
 * Quantized numbers as ggml stores them: blocks of small whole numbers, here called levels, that share scales. Bytes are
 * those of a little-endian file on every machine.
 *
 * What comes out has the float32 bits that ggml's reference gives (functions dequantize_row_*), on every processor: a scale
 * has 11 significant bits, and times its factor and a level 24 at most, so that products are exact and only a sum, or a
 * product too large for float32 (MXFP4), is rounded; fused or not is the same. A NaN is a NaN, with whatever sign and digits.
 */
#ifndef ATTN_TENSOR_DTYPE_QUANTIZED_H
#define ATTN_TENSOR_DTYPE_QUANTIZED_H

#include "tensor/dtype.h"

/* What dtype_kind gives for the types from DTYPE_Q4_0 on, in their order. */
extern const struct dtype_kind quantized_kinds[DTYPE_COUNT - DTYPE_Q4_0];

#endif
