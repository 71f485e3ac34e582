/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): a row of weights, added to others. Here lanes are keys.
 */

INLINE vec combine_vec(vec to, vec w, enum combine how)
{
    /* NaN stays: it is larger and smaller than all. */
    return how == COMBINE_MEAN  ? to + w
           : how == COMBINE_MAX ? vec_choose((w > to) | (w != w), w, to)
                                : vec_choose((w < to) | (w != w), w, to);
}

INLINE float combine_row(float *to, const float *row, size_t count, const enum combine how)
{
    vec negated = vec_all(-INFINITY);
    float least = INFINITY;
    size_t j = 0;
    for (; j + LANES <= count; j += LANES) {
        const vec w = vec_get(row + j);
        negated = VEC_MAX(-w, negated);
        vec_put(to + j, combine_vec(vec_get(to + j), w, how));
    }
    for (int l = 0; l < LANES; l++)
        least = -negated[l] < least ? -negated[l] : least;
    for (; j < count; j++) {
        const float w = row[j], old = to[j];
        const bool takes = isnan(w) || (how == COMBINE_MAX ? w > old : w < old);
        least = w < least ? w : least;
        to[j] = how == COMBINE_MEAN ? old + w : takes ? w : old;
    }
    return least;
}

static float kernel_combine(float *to, const float *row, size_t count, enum combine how)
{
    return how == COMBINE_MEAN  ? combine_row(to, row, count, COMBINE_MEAN)
           : how == COMBINE_MAX ? combine_row(to, row, count, COMBINE_MAX)
                                : combine_row(to, row, count, COMBINE_MIN);
}

/* Numbers of [-1, 1], added to 3 and taken from it again, are whole multiples of 2^-51, whose sums below 4 double precision
 * holds without rounding: in any order they are the same. */
INLINE vec_wide exact(vec_wide x)
{
    const vec_wide shift = 3.0 - (vec_wide){0};
    return (x + shift) - shift;
}

/* Half a vector of keys, of `rows` rows. */
INLINE void exact_step(double *sums, const struct exact_rows *from, size_t j, vec_wide totals[EXACT_ROWS],
                       const int rows)
{
    typedef float narrow_anywhere __attribute__((vector_size(LANES * 2), aligned(4), may_alias));
    typedef double wide_anywhere __attribute__((vector_size(LANES * 4), aligned(8), may_alias));
    vec_wide sum = *(const wide_anywhere *)(const void *)(sums + j);
    UNROLL
    for (int r = 0; r < rows; r++) {
        const vec_wide w =
            __builtin_convertvector(*(const narrow_anywhere *)(const void *)(from->row[r] + j), vec_wide);
        sum += exact(w * from->factor[r]);
        totals[r] += exact(w);
    }
    *(wide_anywhere *)(void *)(sums + j) = sum;
}

/* The keys that are left over, filled up to half a vector: they are rounded as all others are. */
INLINE void exact_rest(double *sums, const struct exact_rows *from, size_t j, size_t count,
                       vec_wide totals[EXACT_ROWS], const int rows)
{
    enum { HALF = LANES / 2 };
    float copies[EXACT_ROWS][HALF] = {{0}};
    double some[HALF] = {0};
    struct exact_rows rest = *from;
    memcpy(some, sums + j, (count - j) * sizeof *some);
    for (int r = 0; r < rows; r++) {
        memcpy(copies[r], from->row[r] + j, (count - j) * sizeof *copies[r]);
        rest.row[r] = copies[r];
    }
    exact_step(some, &rest, 0, totals, rows);
    memcpy(sums + j, some, (count - j) * sizeof *some);
}

INLINE void exact_rows(double *sums, struct exact_rows *rows, size_t count, const int row_count)
{
    enum { HALF = LANES / 2 };
    vec_wide totals[EXACT_ROWS] = {{0}};
    size_t j = 0;
    for (; j + HALF <= count; j += HALF)
        exact_step(sums, rows, j, totals, row_count);
    if (j < count)
        exact_rest(sums, rows, j, count, totals, row_count);
    for (int r = 0; r < row_count; r++) {
        rows->total[r] = 0;
        for (int l = 0; l < HALF; l++)
            rows->total[r] += totals[r][l];
    }
}

static void kernel_add_exact(double *sums, struct exact_rows *rows, size_t count)
{
    if (rows->count == EXACT_ROWS)
        exact_rows(sums, rows, count, EXACT_ROWS);
    else
        exact_rows(sums, rows, count, 1);
}

/* Rows that are added up together, in vectors of doubles. */
enum { STRIP_WIDES = 4, STRIP_ROWS = STRIP_WIDES * LANES / 2 };

/* Some rows of a chunk of keys, from weights[0] on. */
INLINE void exact_strip(double *sums, const float *weights, size_t keys, const double *factors,
                        double *totals)
{
    typedef float narrow_anywhere __attribute__((vector_size(LANES * 2), aligned(4), may_alias));
    typedef double wide_anywhere __attribute__((vector_size(LANES * 4), aligned(8), may_alias));
    vec_wide factor[STRIP_WIDES], total[STRIP_WIDES];
    UNROLL
    for (int v = 0; v < STRIP_WIDES; v++) {
        factor[v] = *(const wide_anywhere *)(const void *)(factors + v * LANES / 2);
        total[v] = *(const wide_anywhere *)(const void *)(totals + v * LANES / 2);
    }
    for (size_t j = 0; j < keys; j++) {
        vec_wide sum = {0};
        UNROLL
        for (int v = 0; v < STRIP_WIDES; v++) {
            const vec_wide w = __builtin_convertvector(
                *(const narrow_anywhere *)(const void *)(weights + j * BLOCK + v * LANES / 2), vec_wide);
            sum += exact(w * factor[v]);
            total[v] += exact(w);
        }
        for (int l = 0; l < LANES / 2; l++)
            sums[j] += sum[l];
    }
    UNROLL
    for (int v = 0; v < STRIP_WIDES; v++)
        *(wide_anywhere *)(void *)(totals + v * LANES / 2) = total[v];
}

static void kernel_add_exact_keys(double *sums, const float *weights, size_t keys, const double *factors,
                                  double *totals)
{
    for (size_t at = 0; at < BLOCK; at += STRIP_ROWS) {
        bool any = false;
        for (size_t r = at; r < at + STRIP_ROWS; r++)
            any = any || factors[r] != 0;
        if (any)
            exact_strip(sums, weights + at, keys, factors + at, totals + at);
    }
}
