/* The linear runner for AVX-512: engine/linear_tmpl.h with vectors of 8 doubles, and engine/linear_float_tmpl.h.
 */
#include "engine/linear.h"

#ifdef __x86_64__
/* All system headers come before the target is set: their functions are not for this processor alone. */
#include <immintrin.h>
#include <math.h>
#include <stdint.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma"))),                  \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512vl,avx2,fma")
#endif

#define LANES 8
#define TILE_VECTORS 4
#define LINEAR_KERNEL linear_avx512
#define LINEAR_NAME "avx512"
#include "engine/linear_tmpl.h"

#define FLOAT_ROWS 8
#define FLOAT_VECTORS 1
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b)                                                                                       \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define WIDEN(x) ((vec)_mm512_cvtps_pd((__m256)(x)))
#define NARROW(x) ((half)_mm512_cvtpd_ps((__m512d)(x)))
#define FUSE(a, b, c) ((floats)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define STREAM(to, x) _mm256_stream_ps((to), (__m256)(x))
#define LOW_HALF(x) ((half)_mm512_castps512_ps256((__m512)(x)))
#define HIGH_HALF(x) ((half)_mm512_extractf32x8_ps((__m512)(x), 1))
#define LINEAR_FLOAT_KERNEL linear_avx512_floats
#include "engine/linear_float_tmpl.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
