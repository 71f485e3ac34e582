/*
 * Makes allocations fail, for the tests: preloaded into the program, it counts the allocations from the
 * beginning of main on, over all threads.
 *
 *   ATTN_FAIL_AT=N     the N-th fails (counted from 1), and only that one
 *   ATTN_FAIL_FROM=N   the N-th and all behind it fail
 *   ATTN_COUNT_TO=FILE how many there were, and how many of them are still held, is written to FILE when the
 * program ends by itself
 *
 * It is made for glibc, whose own functions are called through the names that it keeps for that.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

typedef int main_function(int argc, char **argv, char **environment);
typedef int start_function(main_function *main, int argc, char **argv, void (*begin)(void), void (*end)(void),
                           void (*loader_end)(void), void *stack_end);
start_function __libc_start_main;

static main_function *real_main;
static atomic_bool counting;
static atomic_long count,
    held; /* what is freed of the time before main makes `held` less, alike in all runs */
static long fail_at = LONG_MAX, fail_from = LONG_MAX;

static bool fails(void)
{
    if (!atomic_load(&counting))
        return false;
    long n = atomic_fetch_add(&count, 1) + 1;
    if (n != fail_at && n < fail_from)
        return false;
    errno = ENOMEM;
    return true;
}

/* Counts what was had. */
static void *had(void *memory)
{
    if (memory && atomic_load(&counting))
        atomic_fetch_add(&held, 1);
    return memory;
}

void *malloc(size_t size)
{
    return fails() ? NULL : had(__libc_malloc(size));
}

void *calloc(size_t number, size_t size)
{
    return fails() ? NULL : had(__libc_calloc(number, size));
}

void *realloc(void *old, size_t size)
{
    if (fails())
        return NULL;
    return old ? __libc_realloc(old, size) : had(__libc_malloc(size));
}

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : had(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    void *aligned = memalign(alignment, size);
    if (!aligned)
        return ENOMEM;
    *memory = aligned;
    return 0;
}

void free(void *memory)
{
    if (memory && atomic_load(&counting))
        atomic_fetch_sub(&held, 1);
    __libc_free(memory);
}

static void write_count(void)
{
    char text[64];
    atomic_store(&counting, false);
    int fd = open(getenv("ATTN_COUNT_TO"), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    int length = snprintf(text, sizeof text, "%ld %ld\n", atomic_load(&count), atomic_load(&held));
    if (fd < 0 || write(fd, text, (size_t)length) != length)
        abort();
    close(fd);
}

static int counted_main(int argc, char **argv, char **environment)
{
    const char *at = getenv("ATTN_FAIL_AT"), *from = getenv("ATTN_FAIL_FROM");
    if (at)
        fail_at = atol(at);
    if (from)
        fail_from = atol(from);
    if (getenv("ATTN_COUNT_TO"))
        atexit(write_count);
    atomic_store(&counting, true);
    return real_main(argc, argv, environment);
}

int __libc_start_main(main_function *main, int argc, char **argv, void (*begin)(void), void (*end)(void),
                      void (*loader_end)(void), void *stack_end)
{
    start_function *start = (start_function *)dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = main;
    return start(counted_main, argc, argv, begin, end, loader_end, stack_end);
}
