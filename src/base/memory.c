#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/mman.h>
#endif

void memory_begin(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 16 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

size_t memory_half(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages / 2 * (size_t)size : SIZE_MAX / 4;
}

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

/* Bytes of a large page of the processor, and of a line of its caches. */
enum { LARGE_PAGE = 2 << 20, LINE = 64 };

/* Asks for large pages, from the first whole one to the last: a big array is then faster to fill for the
 * first time. */
static void ask_large_pages(void *memory, size_t bytes)
{
#if defined __linux__ && defined MADV_HUGEPAGE
    uintptr_t first = ((uintptr_t)memory + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    uintptr_t end = ((uintptr_t)memory + bytes) / LARGE_PAGE * LARGE_PAGE;
    /* Only a hint: what comes of it does not matter. */
    if (first < end)
        (void)madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
    (void)memory;
    (void)bytes;
#endif
}

/* Whether large pages pay in any case. */
static bool is_large(size_t bytes)
{
    return bytes >= 4 * (size_t)LARGE_PAGE;
}

void *memory_alloc(size_t count, size_t size, struct error *error)
{
    size_t bytes = 0;
    if (!array_bytes(count, size, &bytes, error))
        return NULL;
    /* A row of a large array then begins a line: malloc's begin 16 bytes behind the page's. */
    void *memory = is_large(bytes) ? aligned_alloc(LINE, bytes / LINE * LINE + LINE) : malloc(bytes);
    if (!memory)
        error_memory(error, bytes);
    else if (is_large(bytes))
        ask_large_pages(memory, bytes);
    return memory;
}

void *memory_pages(size_t bytes, struct error *error)
{
    size_t whole = (bytes / LARGE_PAGE + 1) * LARGE_PAGE;
    void *memory = whole > PTRDIFF_MAX ? NULL : aligned_alloc(LARGE_PAGE, whole);
    if (memory)
        ask_large_pages(memory, whole);
    else
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
    if (is_large(bytes))
        ask_large_pages(memory, bytes);
    memcpy(pointer, &memory, sizeof memory);
    /* The caller has it now. */
    /* cppcheck-suppress memleak */
    return true;
}
