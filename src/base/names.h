/* Names that have to differ. */
#ifndef ATTN_BASE_NAMES_H
#define ATTN_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Finds a name that stands twice among those of `count` structs of `stride` bytes, which have a pointer to it at `offset`:
 * *twice is the first of these names in the order of bytes, or NULL. False, with an error, without memory.
 */
bool names_find_twice(const void *structs, size_t offset, size_t stride, size_t count, const char **twice,
                      struct error *error);

#endif
