/* The linear runner for AVX2 with FMA: engine/linear_tmpl.h with vectors of 4 doubles, and engine/linear_float_tmpl.h.
 */
#include "engine/linear.h"

#ifdef __x86_64__
/* All system headers come before the target is set: their functions are not for this processor alone. */
#include <immintrin.h>
#include <math.h>
#include <stdint.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define LANES 4
#define TILE_VECTORS 2
#define LINEAR_KERNEL linear_avx2
#define LINEAR_NAME "avx2"
#include "engine/linear_tmpl.h"

#define FLOAT_ROWS 4
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define WIDEN(x) ((vec)_mm256_cvtps_pd((__m128)(x)))
#define NARROW(x) ((half)_mm256_cvtpd_ps((__m256d)(x)))
#define FUSE(a, b, c) ((floats)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define STREAM(to, x) _mm_stream_ps((to), (__m128)(x))
#define LOW_HALF(x) ((half)_mm256_castps256_ps128((__m256)(x)))
#define HIGH_HALF(x) ((half)_mm256_extractf128_ps((__m256)(x), 1))
#define LINEAR_FLOAT_KERNEL linear_avx2_floats
#include "engine/linear_float_tmpl.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
