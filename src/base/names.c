#include "base/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool names_find_twice(const void *structs, size_t offset, size_t stride, size_t count, const char **twice,
                      struct error *error)
{
    const char **sorted = memory_alloc(count, sizeof *sorted, error);
    *twice = NULL;
    if (!sorted)
        return false;
    for (size_t i = 0; i < count; i++)
        memcpy(&sorted[i], (const char *)structs + i * stride + offset, sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, names_compare);
    for (size_t i = 1; i < count && !*twice; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            *twice = sorted[i];
    free(sorted);
    return true;
}
