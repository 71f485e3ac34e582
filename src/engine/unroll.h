/* Annotations of the templates of this folder. */
#ifndef ATTN_ENGINE_UNROLL_H
#define ATTN_ENGINE_UNROLL_H

#define INLINE static inline __attribute__((always_inline, unused))

#ifndef __OPTIMIZE__ /* GCC warns of annotations that it then ignores */
#define UNROLL
#elif defined __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#endif
