/* The kernel for AVX2 with FMA: engine/kernel_tmpl.h with vectors of 8. */
#include "engine/block.h"

#ifdef __x86_64__
/* All system headers come before the target is set: their functions are not for this processor alone. */
#include <float.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define LANES 8
#define VEC_MAX(a, b) ((vec)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define VEC_BITS(mask) ((unsigned)_mm256_movemask_ps((__m256)(mask)))
#define TILE_ROWS 6
#define TILE_VECTORS 2
#define KERNEL kernel_avx2
#define KERNEL_NAME "avx2"
#define KERNEL_RUNS (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#include "engine/kernel_tmpl.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
