/* The kernel for AVX-512: engine/kernel_tmpl.h with vectors of 16. */
#include "engine/block.h"

#ifdef __x86_64__
/* All system headers come before the target is set: their functions are not for this processor alone. */
#include <float.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma"))),                  \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512vl,avx2,fma")
#endif

/* 14 bits of 1/x, and a step of Newton's. What is left of 1 is taken without rounding x·r, which would cost more than the step
 * gains; compilers do that by themselves only when they optimize. */
static inline __m512 reciprocal(__m512 x)
{
    const __m512 r = _mm512_rcp14_ps(x), left = _mm512_fnmadd_ps(x, r, _mm512_set1_ps(1));
    return _mm512_fmadd_ps(r, left, r);
}

/*
 * log2(x) for finite x from 2^-126 on, within 1.1e-7 or a unit or two in the last place, and exact for powers of 2: x = m·2^n with m
 * from 1 to 2, c the sixteenth that m lies in, 1/c and log2 c from tables of 16 numbers, each in one register, and log2(m/c) a polynomial
 * in r = m/c - 1 without a constant. Its coefficients are a minimax fit for r from 0 to 1/16, error 4.5e-8. That is three quarters of
 * the instructions of a polynomial in m.
 */
static inline __m512 log2_of(__m512 x)
{
    const __m512 inverses = _mm512_setr_ps(1.0f, 0.941176474f, 0.888888896f, 0.842105269f, 0.800000012f,
                                           0.761904776f, 0.727272749f, 0.695652187f, 0.666666687f,
                                           0.639999986f, 0.615384638f, 0.592592597f, 0.571428597f,
                                           0.551724136f, 0.533333361f, 0.516129017f),
                 logs = _mm512_setr_ps(0.0f, 0.087462835f, 0.169924989f, 0.247927502f, 0.321928084f,
                                       0.392317384f, 0.459431589f, 0.523561954f, 0.584962487f, 0.643856227f,
                                       0.700439692f, 0.754887462f, 0.807354867f, 0.857981026f, 0.906890512f,
                                       0.954196334f);
    const __m512i sixteenth = _mm512_srli_epi32(_mm512_castps_si512(x), 19); /* in the last four bits */
    const __m512 m = _mm512_getmant_ps(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src), n = _mm512_getexp_ps(x),
                 r = _mm512_fmsub_ps(m, _mm512_permutexvar_ps(sixteenth, inverses), _mm512_set1_ps(1)),
                 log = _mm512_add_ps(n, _mm512_permutexvar_ps(sixteenth, logs));
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(0.44044659f), r, _mm512_set1_ps(-0.71991749f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.4426805f));
    return _mm512_fmadd_ps(p, r, log);
}

#define LANES 16
#define VEC_MAX(a, b) ((vec)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define VEC_BITS(mask) ((unsigned)_mm512_movepi32_mask((__m512i)(mask)))
#define VEC_ROUND(t) ((vec)_mm512_roundscale_ps((__m512)(t), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC))
#define VEC_SCALE(p, n) ((vec)_mm512_scalef_ps((__m512)(p), (__m512)(n)))
#define VEC_RECIPROCAL(x) ((vec)reciprocal((__m512)(x)))
#define VEC_LOG2(x) ((vec)log2_of((__m512)(x)))
/* Compilers widen a quarter at a time. */
#define VEC_WIDE(x) ((vec_wide)_mm512_cvtps_pd((__m256)(x)))
#define TILE_ROWS 6
#define TILE_VECTORS 4
#define SCORE_VECTORS 2
#define KERNEL kernel_avx512
#define KERNEL_NAME "avx512"
#define KERNEL_RUNS                                                                                          \
    (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&                              \
     __builtin_cpu_supports("avx512vl"))
#include "engine/kernel_tmpl.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
