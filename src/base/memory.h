/* Memory whose size is checked before it is allocated. Freed with free(). */
#ifndef ATTN_BASE_MEMORY_H
#define ATTN_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Called once at the start: memory that was freed is kept for what comes next, because to get it from the
 * system anew, page by page, costs more than a small picture. */
void memory_begin(void);

/* Half of the machine's memory, in bytes: what something may take whose size nobody can know before, or trust. */
size_t memory_half(void);

/* a·b in *product; false, with nothing written, where it does not fit a size_t. */
bool size_multiply(size_t a, size_t b, size_t *product);

/* a/b, rounded up; b > 0. */
static inline size_t size_divide_up(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

/* Room for `count` things of `size` bytes, not zeroed (memory_zeroed: zeroed). Never NULL for a count of 0.
 * NULL and an error where it cannot be had. */
void *memory_alloc(size_t count, size_t size, struct error *error);
void *memory_zeroed(size_t count, size_t size, struct error *error);

/* Room of at least so many bytes, in whole large pages of its own: for what is filled from end to end and
 * then used again and again. To get 1 MB page by page takes longer than to paint it. */
void *memory_pages(size_t bytes, struct error *error);

/* Says that all of some bytes will be written, so that the system may give their whole pages at once instead of one by one as
 * they are touched. Their contents stay. Only a hint. */
void memory_populate(void *memory, size_t bytes);

/* Makes the array *pointer (NULL or from here) hold `count` things of `size` bytes. On failure the old array
 * stays as it was, and stays the caller's. */
bool memory_resize(void *pointer, size_t count, size_t size, struct error *error);

#endif
