/*
 * A template, part of engine/kernel_tmpl.h: vectors, in GNU vector types, with loads, choices, exp and tanh,
 * and transposes. Its macros, set for each instruction set:
 *
 *   LANES                 floats in a vector: 4, 8 or 16
 *   VEC_MAX(a, b)         a > b ? a : b by lanes, so b where one is NaN
 *   VEC_BITS(mask)        (optional) one bit a lane of a mask
 *   VEC_ROUND(t)          (optional) to the nearest whole number
 *   VEC_RECIPROCAL(x)     (optional) 1/x to a unit or two in the last place, for x from -1e37 to -1
 *   VEC_SCALE(p, n)       (optional) p·2^n for p near 1 and whole n from -160 to 127; 0 if that is too small
 *   VEC_LOG2(x)           (optional) log2(x), as vec_log2 has it
 *   VEC_WIDE(x)           (optional) half a vector, in double precision
 */
#ifndef LANES
#error "to be included by an instruction set"
#endif

#include "engine/unroll.h"

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t veci __attribute__((vector_size(LANES * 4)));
typedef uint32_t vecu __attribute__((vector_size(LANES * 4)));
typedef vec vec_memory __attribute__((may_alias));
typedef float vec_anywhere __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

INLINE vec vec_all(float x)
{
    return x - (vec){0};
}

/* Adding 1.5·2^23 leaves no bits for a fraction: the last bits of the sum are the whole number itself. */
#ifndef VEC_ROUND
#define ROUND_SHIFT 12582912.0f
#define VEC_ROUND(t) ((t) + ROUND_SHIFT - ROUND_SHIFT)
#define VEC_SCALE(p, n)                                                                                      \
    ((vec)((veci)((vecu)(p) + ((vecu)((n) + ROUND_SHIFT) << 23)) & ~((n) < vec_all(-126))))
#endif

#ifndef VEC_RECIPROCAL
#define VEC_RECIPROCAL(x) (1 / (x))
#endif

#ifndef VEC_WIDE
#define VEC_WIDE(x) __builtin_convertvector(x, vec_wide)
#endif

INLINE vec vec_load(const float *aligned)
{
    return *(const vec_memory *)aligned;
}

INLINE void vec_store(float *aligned, vec x)
{
    *(vec_memory *)aligned = x;
}

INLINE vec vec_get(const float *anywhere)
{
    return *(const vec_anywhere *)anywhere;
}

INLINE void vec_put(float *anywhere, vec x)
{
    *(vec_anywhere *)anywhere = x;
}

typedef float vec_narrow __attribute__((vector_size(LANES * 2)));
typedef double vec_wide __attribute__((vector_size(LANES * 4)));
typedef vec_wide vec_wide_memory __attribute__((may_alias));

/* Both halves of a vector in double precision. */
INLINE void vec_halves(vec x, vec_wide halves[2])
{
    vec_narrow parts[2];
    memcpy(parts, &x, sizeof parts);
    halves[0] = VEC_WIDE(parts[0]);
    halves[1] = VEC_WIDE(parts[1]);
}

INLINE double vec_wide_sum(vec_wide x)
{
    double sum = 0;
    for (int l = 0; l < LANES / 2; l++)
        sum += x[l];
    return sum;
}

/* sums[LANES] = sums·factor + x in double, half a vector at a time. */
INLINE void vec_widen(double *sums, vec factor, vec x)
{
    vec_narrow factors[2], xs[2];
    memcpy(factors, &factor, sizeof factors);
    memcpy(xs, &x, sizeof xs);
    UNROLL
    for (int i = 0; i < 2; i++) {
        vec_wide_memory *place = (vec_wide_memory *)(void *)(sums + i * LANES / 2);
        *place =
            *place * __builtin_convertvector(factors[i], vec_wide) + __builtin_convertvector(xs[i], vec_wide);
    }
}

/* The same with factors in double. */
INLINE void vec_widen_by(double *sums, const double *factors, vec x)
{
    vec_narrow xs[2];
    memcpy(xs, &x, sizeof xs);
    UNROLL
    for (int i = 0; i < 2; i++) {
        vec_wide_memory *place = (vec_wide_memory *)(void *)(sums + i * LANES / 2);
        *place = *place * *(const vec_wide_memory *)(const void *)(factors + i * LANES / 2) +
                 __builtin_convertvector(xs[i], vec_wide);
    }
}

/* sums[LANES]/divisor, divided in double. */
INLINE vec vec_divide_wide(const double *sums, vec divisor)
{
    vec_narrow divisors[2], results[2];
    vec result;
    memcpy(divisors, &divisor, sizeof divisors);
    UNROLL
    for (int i = 0; i < 2; i++)
        results[i] = __builtin_convertvector(*(const vec_wide_memory *)(const void *)(sums + i * LANES / 2) /
                                                 __builtin_convertvector(divisors[i], vec_wide),
                                             vec_narrow);
    memcpy(&result, results, sizeof result);
    return result;
}

/* By lanes: a if the mask is all ones, b if it is 0. */
INLINE vec vec_choose(veci mask, vec a, vec b)
{
    return (vec)(((veci)a & mask) | ((veci)b & ~mask));
}

/* One bit a lane, set if its mask is all ones. */
INLINE unsigned vec_bits(veci mask)
{
#ifdef VEC_BITS
    return VEC_BITS(mask);
#else
    unsigned bits = 0;
    for (int l = 0; l < LANES; l++)
        bits |= (unsigned)(mask[l] & 1) << l;
    return bits;
#endif
}

/* The constants of x ↦ 2^(factor·x), which is computed as 2^n·P(r) with factor·x = n + r, n whole. */
struct exponent {
    vec factor, low; /* for x <= low the result is 0 */
};

/* factor is from 1e-4 to 1e4. */
INLINE struct exponent exponent_make(double factor)
{
    return (struct exponent){.factor = vec_all((float)factor), .low = vec_all((float)(-160 / factor))};
}

/* Vectors whose exp is computed together: one alone would mostly wait for itself. */
#define STEP 4

/* result = 2^(factor·x) for each of `count` <= STEP vectors, factor·x < 127; 0 for -infinity, NaN for NaN. x
 * is raised to `low`, which makes it finite. The coefficients are a minimax fit of 2^r on |r| <= 1/2 with
 * P(0) = 1, relative error 9.2e-8 before rounding (by iteratively weighted least squares). */
INLINE void vec_exps(vec *x, vec *result, const int count, const struct exponent *e)
{
#define EACH(WHAT)                                                                                           \
    UNROLL                                                                                                   \
    for (int i = 0; i < count; i++)                                                                          \
    WHAT
    vec n[STEP], r[STEP], p[STEP];
    EACH(x[i] = VEC_MAX(e->low, x[i]));
    EACH(n[i] = VEC_ROUND(x[i] * e->factor));
    EACH(r[i] = x[i] * e->factor - n[i]);
    EACH(p[i] = 1.3264727e-3f * r[i] + 9.6715127e-3f);
    EACH(p[i] = p[i] * r[i] + 5.5507337e-2f);
    EACH(p[i] = p[i] * r[i] + 2.4022242e-1f);
    EACH(p[i] = p[i] * r[i] + 6.9314698e-1f);
    EACH(p[i] = p[i] * r[i] + 1);
    EACH(result[i] = VEC_SCALE(p[i], n[i]));
#undef EACH
}

/* The same for one vector; *finite is the raised x. */
INLINE vec vec_exp(vec x, const struct exponent *e, vec *finite)
{
    vec result;
    vec_exps(&x, &result, 1, e);
    *finite = x;
    return result;
}

/* log2(x) for finite x from 2^-126 on, within 1e-7 or a unit or two in the last place, and exact for powers of 2: x = m·2^n with m
 * from √½ to √2, and a polynomial in m - 1 without a constant. The coefficients are a minimax fit, error 4.8e-8 (by iteratively
 * weighted least squares). */
INLINE vec vec_log2(vec x)
{
#ifdef VEC_LOG2
    return VEC_LOG2(x);
#else
    const veci bits = (veci)x - 0x3f3504f3; /* √½ */
    const vec r = (vec)((bits & 0x7fffff) + 0x3f3504f3) - 1, whole = __builtin_convertvector(bits >> 23, vec);
    vec p = vec_all(-1.4574444e-1f);
    p = p * r + 2.3689036e-1f;
    p = p * r - 2.5006905e-1f;
    p = p * r + 2.8670746e-1f;
    p = p * r - 3.6008722e-1f;
    p = p * r + 4.8093945e-1f;
    p = p * r - 7.2135717e-1f;
    p = p * r + 1.4426948f;
    return p * r + whole;
#endif
}

/* tanh(x) to a few units in the last place. `twice` is exponent_make(2·log2(e)), which gives exp(2x). Near 0
 * an odd polynomial (the coefficients are those of Cephes' tanhf, S. Moshier), else 1 - 2e/(1 + e) with e =
 * exp(-2|x|). */
INLINE vec vec_tanh(vec x, const struct exponent *twice)
{
    vec finite, size = (vec)((veci)x & 0x7fffffff), square = x * x;
    vec p = vec_all(-5.70498872745e-3f);
    p = p * square + 2.06390887954e-2f;
    p = p * square - 5.37397155531e-2f;
    p = p * square + 1.33314422036e-1f;
    p = p * square - 3.33332819422e-1f;
    vec small = p * square * x + x;
    vec e = vec_exp(-size, twice, &finite);
    vec large = 1 - 2 * e / (1 + e);
    large = (vec)((veci)large | ((veci)x & INT32_MIN));
    return vec_choose(size < vec_all(0.625f), small, large);
}

#if LANES == 16
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b)                                                                                       \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#elif LANES == 8
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#else
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7)
#endif

/*
 * Transposes LANES×LANES numbers, and of every `join` neighbouring columns (a power of 2) keeps the largest:
 * rows[0..LANES/join) remain, one for each group of columns. How: write the address of a number in bits,
 * those of the row before those of the column. Each round of zips rotates the address by one bit, so that
 * after as many rounds as a row has bits row and column have changed places. Joining two by two makes the
 * last bit of the row the first of the column, where the rotation wants it.
 */
INLINE void vec_transpose(vec rows[LANES], const int join)
{
    for (int joined = 1; joined < join; joined *= 2)
        for (int i = 0; i < LANES / 2 / joined; i++) {
            vec even = EVEN(rows[2 * i], rows[2 * i + 1]), odd = ODD(rows[2 * i], rows[2 * i + 1]);
            rows[i] = VEC_MAX(odd, even);
        }
    const int count = LANES / join;
    UNROLL
    for (int round = 1; round < LANES && count > 1; round *= 2) {
        vec zipped[LANES];
        UNROLL
        for (int i = 0; i < count / 2; i++) {
            zipped[2 * i] = ZIP_LOW(rows[i], rows[i + count / 2]);
            zipped[2 * i + 1] = ZIP_HIGH(rows[i], rows[i + count / 2]);
        }
        UNROLL
        for (int i = 0; i < count; i++)
            rows[i] = zipped[i];
    }
}

/* to[c][r] = from[r·step + c] for r < rows, c < columns; 0 in lanes rows..BLOCK-1. */
static void block_pack(float *to, const float *from, size_t step, size_t rows, size_t columns)
{
    for (size_t r = 0; r < BLOCK; r += LANES)
        for (size_t c = 0; c < columns; c += LANES) {
            if (r + LANES <= rows && c + LANES <= columns) {
                vec square[LANES];
                UNROLL
                for (size_t i = 0; i < LANES; i++)
                    square[i] = vec_get(from + (r + i) * step + c);
                vec_transpose(square, 1);
                UNROLL
                for (size_t i = 0; i < LANES; i++)
                    vec_store(to + (c + i) * BLOCK + r, square[i]);
                continue;
            }
            for (size_t j = c; j < columns && j < c + LANES; j++)
                for (size_t i = r; i < r + LANES; i++)
                    to[j * BLOCK + i] = i < rows ? from[i * step + j] : 0;
        }
}

/* The inverse of block_pack: to[r·step + c] = from[c][r] for r < rows, c < columns. */
static void block_unpack(float *to, size_t step, const float *from, size_t rows, size_t columns)
{
    for (size_t r = 0; r < rows; r += LANES)
        for (size_t c = 0; c < columns; c += LANES) {
            if (r + LANES <= rows && c + LANES <= columns) {
                vec square[LANES];
                UNROLL
                for (size_t i = 0; i < LANES; i++)
                    square[i] = vec_load(from + (c + i) * BLOCK + r);
                vec_transpose(square, 1);
                UNROLL
                for (size_t i = 0; i < LANES; i++)
                    vec_put(to + (r + i) * step + c, square[i]);
                continue;
            }
            for (size_t i = r; i < rows && i < r + LANES; i++)
                for (size_t j = c; j < columns && j < c + LANES; j++)
                    to[i * step + j] = from[j * BLOCK + i];
        }
}
