#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool size_multiply(size_t a, size_t b, size_t *product)
{
    size_t result;
    if (__builtin_mul_overflow(a, b, &result))
        return false;
    *product = result;
    return true;
}

/* The bytes of an array, at least 1, at most what a pointer difference can say. */
static bool array_bytes(size_t count, size_t size, size_t *bytes, struct error *error)
{
    if (!size_multiply(count, size, bytes) || *bytes > PTRDIFF_MAX)
        return error_set(error, ERROR_SYSTEM, "not enough memory: %zu times %zu bytes were needed", count,
                         size);
    if (*bytes == 0)
        *bytes = 1;
    return true;
}

void *memory_take(size_t count, size_t size, struct error *error)
{
    size_t bytes = 0;
    if (!array_bytes(count, size, &bytes, error))
        return NULL;
    void *memory = malloc(bytes);
    if (!memory)
        error_memory(error, bytes);
    return memory;
}

void *memory_zeroed(size_t count, size_t size, struct error *error)
{
    size_t bytes = 0;
    if (!array_bytes(count, size, &bytes, error))
        return NULL;
    void *memory = calloc(1, bytes);
    if (!memory)
        error_memory(error, bytes);
    return memory;
}

bool memory_resize(void *pointer, size_t count, size_t size, struct error *error)
{
    size_t bytes = 0;
    if (!array_bytes(count, size, &bytes, error))
        return false;
    void *old;
    memcpy(&old, pointer, sizeof old);
    void *memory = realloc(old, bytes);
    if (!memory)
        return error_memory(error, bytes);
    memcpy(pointer, &memory, sizeof memory);
    /* The caller has it now. */
    /* cppcheck-suppress memleak */
    return true;
}
