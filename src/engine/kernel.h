/* Kernels: the float32 engine for one instruction set each. Which of them computes is chosen here. */
#ifndef ATTN_ENGINE_KERNEL_H
#define ATTN_ENGINE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

/* Chooses the kernel of that name ("avx512", "avx2", "portable"; "best": the first that this processor runs,
 * as at the start). False, with nothing changed, if there is none of the name or this processor cannot run
 * it. Not while the engine runs. */
bool kernel_choose(const char *name);

/* The kernel that computes, and its name. */
const struct kernel *kernel_chosen(void);
const char *kernel_name(void);

/* The names of the kernels of this build, best first, whether this processor runs them or not; NULL behind
 * the last. */
const char *kernel_listed(size_t index);

#endif
