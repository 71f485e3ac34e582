/* Transforms of the rows of a matrix before or after attention: in place, computed in double. */
#ifndef ATTN_ATTENTION_TRANSFORM_H
#define ATTN_ATTENTION_TRANSFORM_H

#include <stddef.h>

/* Layer norm of rows×d, packed: (x - mean)/sqrt(variance + 1e-5)·weight + bias; weight and bias (d numbers)
 * may be NULL. Source: Ba et al. 2016 (arXiv:1607.06450). */
void transform_norm(float *x, size_t rows, size_t d, const float *weight, const float *bias);

/* Scales rows of d numbers, row i at x + i*step, to unit length. A row of zeros stays. */
void transform_unit(float *x, size_t rows, size_t step, size_t d);

/* elu(x) + 1 of every number. Source: Katharopoulos et al. 2020 (arXiv:2006.16236) eq. 7. */
void transform_feature(float *x, size_t count);

#endif
