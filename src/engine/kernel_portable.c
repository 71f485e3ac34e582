/* The kernel for any processor: engine/kernel_tmpl.h with vectors of 4, in SSE2 or NEON registers if there
 * are such. */
#include "engine/block.h"

#define LANES 4
#define TILE_ROWS 6
#ifdef __x86_64__
#include <xmmintrin.h>
#define VEC_MAX(a, b) ((vec)_mm_max_ps((__m128)(a), (__m128)(b)))
#define VEC_BITS(mask) ((unsigned)_mm_movemask_ps((__m128)(mask)))
#define TILE_VECTORS 2 /* 16 registers */
#else
#define VEC_MAX(a, b) vec_choose((a) > (b), a, b)
#define TILE_VECTORS 4
#endif
#define KERNEL kernel_portable
#define KERNEL_NAME "portable"
#define KERNEL_RUNS true
#include "engine/kernel_tmpl.h"
