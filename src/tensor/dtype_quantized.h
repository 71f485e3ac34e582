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

#include <stddef.h>

/* Widen `blocks` blocks, which follow each other from `from` on and need not be aligned: see struct dtype_kind. */
void quantized_widen_q4_0(float *to, const void *from, size_t blocks);
void quantized_widen_q4_1(float *to, const void *from, size_t blocks);
void quantized_widen_q5_0(float *to, const void *from, size_t blocks);
void quantized_widen_q5_1(float *to, const void *from, size_t blocks);
void quantized_widen_q8_0(float *to, const void *from, size_t blocks);
void quantized_widen_q2_k(float *to, const void *from, size_t blocks);
void quantized_widen_q3_k(float *to, const void *from, size_t blocks);
void quantized_widen_q4_k(float *to, const void *from, size_t blocks);
void quantized_widen_q5_k(float *to, const void *from, size_t blocks);
void quantized_widen_q6_k(float *to, const void *from, size_t blocks);
void quantized_widen_iq4_nl(float *to, const void *from, size_t blocks);
void quantized_widen_iq4_xs(float *to, const void *from, size_t blocks);
void quantized_widen_mxfp4(float *to, const void *from, size_t blocks);

#endif
