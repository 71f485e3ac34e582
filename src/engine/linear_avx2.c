/* The linear runner for AVX2 with FMA: engine/linear_tmpl.h with vectors of 4 doubles. */
#include "engine/linear.h"

#ifdef __x86_64__
/* All system headers come before the target is set: their functions are not for this processor alone. */
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

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
