/*
 * A zip of stored members, written from its beginning to its end without going back. Source of the format: APPNOTE 6.3.10 of PKWARE.
 * What does not fit 32 bits, or 65,534 members, is written as ZIP64. Every file is of the first of January 1980, so that the same
 * members are the same bytes.
 */
#ifndef ATTN_TENSOR_ZIP_WRITE_H
#define ATTN_TENSOR_ZIP_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/out.h"
#include "tensor/array.h"

/* The bytes of members begin at multiples of this, so that numbers in them can be used where they lie. */
enum { ZIP_ALIGNMENT = 64 };

struct zip_entry {
    char *name; /* owned */
    uint64_t size, offset;
    uint32_t crc;
};

/* Begins zeroed but for `out`; zip_write_free in any case. */
struct zip_writer {
    struct out *out; /* borrowed; nothing has been written to it */
    struct zip_entry *entries;
    size_t count;
    uint64_t at; /* bytes written so far */
};

/* The checksum of `size` more bytes; of none it is 0. */
uint32_t zip_write_crc(uint32_t crc, const void *data, size_t size);

/* Begins a member, whose `size` bytes, of that checksum, the caller writes to writer->out next. Errors: ERROR_USAGE for a name that
 * is too long or no UTF-8, no memory. */
bool zip_write_member(struct zip_writer *writer, const char *name, uint64_t size, uint32_t crc,
                      struct error *error);
/* Writes a member: `head`, which is finished, or NULL, and the numbers of an array as array_write has them. Numbers that lie in
 * memory as they are written are only looked at for the checksum; others are made first. Errors: those of both. */
bool zip_write_array(struct zip_writer *writer, const char *name, const struct out *head,
                     const struct array *array, struct error *error);
/* Writes the directory of the members. Errors: ERROR_USAGE for two members of one name, no memory. */
bool zip_write_end(struct zip_writer *writer, struct error *error);
void zip_write_free(struct zip_writer *writer);

#endif
