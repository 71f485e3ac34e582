/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): Σ u·ln u of mixtures of two rows of weights, for entropies that are
 * taken from each other. Here lanes are keys.
 */

/* u·ln u; below the smallest normal number it is no part of any float. NaN stays one. */
INLINE vec log_product(vec u)
{
    const vec above = vec_choose(u <= FLT_MIN, vec_all(1), u);
    return above * vec_log(above);
}

/* Two sums, so that one need not wait for the other. */
INLINE vec mixture_run(const float *a, const float *b, float factor_a, float factor_b, size_t count)
{
    vec sum = {0}, other = {0};
    size_t j = 0;
    for (; j + 2 * LANES <= count; j += 2 * LANES) {
        sum += log_product(vec_get(a + j) * factor_a + vec_get(b + j) * factor_b);
        other += log_product(vec_get(a + j + LANES) * factor_a + vec_get(b + j + LANES) * factor_b);
    }
    if (j < count)
        sum += log_product(vec_get(a + j) * factor_a + vec_get(b + j) * factor_b);
    return sum + other;
}

static double kernel_mixture(const float *a, const float *b, float factor_a, float factor_b, size_t count)
{
    const size_t whole = count / LANES * LANES;
    double sum = 0;
    for (size_t from = 0, end; from < whole; from = end) {
        end = whole - from < MEASURE_RUN ? whole : from + MEASURE_RUN;
        const vec run = mixture_run(a + from, b + from, factor_a, factor_b, end - from);
        for (int l = 0; l < LANES; l++)
            sum += (double)run[l];
    }
    for (size_t j = whole; j < count; j++) {
        const double u = (double)(a[j] * factor_a + b[j] * factor_b);
        sum += u <= (double)FLT_MIN ? 0 : u * log(u);
    }
    return sum;
}
