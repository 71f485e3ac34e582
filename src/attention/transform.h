/* Transforms of the rows of a matrix before or after attention: in place, computed in double. */
#ifndef ATTN_ATTENTION_TRANSFORM_H
#define ATTN_ATTENTION_TRANSFORM_H

#include <stdbool.h>
#include <stddef.h>

/* What layer norm adds to the variance. */
#define TRANSFORM_NORM_EPSILON 1e-5

/* Layer norm of rows×d, packed: (x - mean)/sqrt(variance + epsilon)·weight + bias; weight and bias (d numbers)
 * may be NULL. Source: Ba et al. 2016 (arXiv:1607.06450). */
void transform_norm(float *x, size_t rows, size_t d, const float *weight, const float *bias);

/* Rows of heads: head h of row i begins at x + h*head_step + i*d, and has d numbers. */
struct head_rows {
    float *x;
    size_t rows, heads, head_step, d;
};

/* RMS norm, x/sqrt(mean of x² + epsilon)·weight, of each head of each row, with d weights; `joint`: of all heads of
 * a row together, with heads·d weights. `centered`: layer norm, which takes the mean off first. Sources: Zhang and
 * Sennrich 2019 (arXiv:1910.07467) eq. 4; of q and k: Henry et al. 2020 (arXiv:2010.04245), Qwen3 and OLMo 2 as
 * Hugging Face has them. */
void transform_head_norm(const struct head_rows *rows, const float *weight, bool joint, bool centered,
                         double epsilon);

/* Multiplies x by the sigmoid of g, 1/(1 + e^-g): rows×columns numbers, of which `columns`/`gates` neighbours share one
 * of rows×gates. */
void transform_gate(float *x, size_t rows, size_t columns, const float *g, size_t gates);

/* Scales rows of d numbers, row i at x + i*step, to unit length. A row of zeros stays. */
void transform_unit(float *x, size_t rows, size_t step, size_t d);

/* elu(x) + 1 of every number, on so many threads. Source: Katharopoulos et al. 2020 (arXiv:2006.16236) eq. 7. */
void transform_feature(float *x, size_t count, int threads);

#endif
