#include "engine/kernel.h"

#include <string.h>

#include "engine/block.h"

static const struct kernel *const kernels[] = {
#ifdef __x86_64__
    &kernel_avx512,
    &kernel_avx2,
#endif
    &kernel_portable,
};
#define KERNEL_COUNT (sizeof kernels / sizeof kernels[0])

static const struct kernel *chosen; /* NULL: the best */

bool kernel_choose(const char *name)
{
    if (strcmp(name, "best") == 0) {
        chosen = NULL;
        return true;
    }
    for (size_t i = 0; i < KERNEL_COUNT; i++)
        if (strcmp(name, kernels[i]->name) == 0 && kernels[i]->runs_here()) {
            chosen = kernels[i];
            return true;
        }
    return false;
}

const struct kernel *kernel_chosen(void)
{
    size_t best = 0;
    while (!kernels[best]->runs_here())
        best++;
    return chosen ? chosen : kernels[best];
}

const char *kernel_name(void)
{
    return kernel_chosen()->name;
}

const char *kernel_listed(size_t index)
{
    return index < KERNEL_COUNT ? kernels[index]->name : NULL;
}
