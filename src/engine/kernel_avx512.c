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

#define LANES 16
#define VEC_MAX(a, b) ((vec)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define VEC_BITS(mask) ((unsigned)_mm512_movepi32_mask((__m512i)(mask)))
#define VEC_ROUND(t) ((vec)_mm512_roundscale_ps((__m512)(t), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC))
#define VEC_SCALE(p, n) ((vec)_mm512_scalef_ps((__m512)(p), (__m512)(n)))
#define VEC_RECIPROCAL(x) ((vec)reciprocal((__m512)(x)))
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
