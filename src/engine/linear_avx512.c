/* The linear runner for AVX-512: engine/linear_tmpl.h with vectors of 8 doubles. */
#include "engine/linear.h"

#ifdef __x86_64__
/* All system headers come before the target is set: their functions are not for this processor alone. */
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

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
