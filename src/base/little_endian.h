/* Whole numbers as files have them: bytes, the small end first, at any place in memory. */
#ifndef ATTN_BASE_LITTLE_ENDIAN_H
#define ATTN_BASE_LITTLE_ENDIAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/out.h"

/* The unsigned number of `bytes` bytes, at most 8. */
static inline uint64_t little_endian(const void *data, size_t bytes)
{
    const unsigned char *at = data;
    uint64_t number = 0;
    for (size_t i = bytes; i-- > 0;)
        number = number << 8 | at[i];
    return number;
}

/* Writes the lowest `bytes` bytes of a number, at most 8. */
static inline void little_endian_write(struct out *out, size_t bytes, uint64_t number)
{
    for (size_t i = 0; i < bytes; i++)
        out_char(out, (char)(number >> 8 * i & 0xff));
}

#endif
