/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): Σ u·ln u of mixtures of two rows of weights, for entropies that are
 * taken from each other. Here lanes are keys.
 */

/* u·log2 u; below the smallest normal number it is no part of any float. NaN stays one. */
INLINE vec log_product(vec u)
{
    const vec above = VEC_MAX(vec_all(FLT_MIN), u);
    return above * vec_log2(above);
}

/* The last numbers of a row, fewer than a vector, and zeros. */
INLINE vec mixture_rest(const float *row, size_t count)
{
    vec rest = {0};
    for (size_t l = 0; l < count; l++)
        rest[l] = row[l];
    return rest;
}

/* Two sums, so that one need not wait for the other. */
INLINE vec mixture_run(const float *a, const float *b, vec factor_a, vec factor_b, size_t count)
{
    vec sum = {0}, other = {0};
    size_t j = 0;
    for (; j + 2 * LANES <= count; j += 2 * LANES) {
        sum += log_product(vec_get(a + j) * factor_a + vec_get(b + j) * factor_b);
        other += log_product(vec_get(a + j + LANES) * factor_a + vec_get(b + j + LANES) * factor_b);
    }
    if (j + LANES <= count) {
        sum += log_product(vec_get(a + j) * factor_a + vec_get(b + j) * factor_b);
        j += LANES;
    }
    if (j < count)
        other += log_product(mixture_rest(a + j, count - j) * factor_a +
                             mixture_rest(b + j, count - j) * factor_b);
    return sum + other;
}

static void kernel_mixtures(const struct share_rows *a, const struct share_rows *b, size_t rows, size_t count,
                            double *sums)
{
    for (size_t i = 0; i < rows; i++) {
        const float *left = a->weights.data + i * a->weights.row,
                    *right = b->weights.data + i * b->weights.row;
        const vec factor_a = vec_all(a->factors[i] / 2), factor_b = vec_all(b->factors[i] / 2);
        vec_wide sum = {0};
        for (size_t from = 0; from < count; from += MEASURE_RUN)
            sum += measure_wide(mixture_run(left + from, right + from, factor_a, factor_b,
                                            count - from < MEASURE_RUN ? count - from : MEASURE_RUN));
        sums[i] = M_LN2 * vec_wide_sum(sum);
    }
}
