/*
 * The members of a zip whose bytes lie in memory. What the central directory says of sizes counts, because PyTorch's local
 * headers say 0. Zips of more than 4 GiB (ZIP64) and with a comment are read as any other.
 */
#ifndef ATTN_TENSOR_ZIP_H
#define ATTN_TENSOR_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"

struct unzip_member {
    const char *name;    /* with its folders, as UTF-8; lives as long as the zip is open */
    size_t size, packed; /* bytes, unpacked and as they lie in the file: said, not yet checked */
    size_t header;       /* where its local header begins: said, not yet checked */
    int method;          /* 0 stored, 8 deflated, others: cannot be read */
    bool is_encrypted;
    uint32_t crc;     /* the checksum of its bytes, unpacked */
    bool is_verified; /* they have it */
    const char *data; /* where unzip_in_place found them; NULL: it did not */
};

/* Begins zeroed; unzip_free in any case. */
struct unzip {
    const char *file;             /* the name of the source; borrowed */
    struct unzip_member *members; /* in the order of the central directory */
    size_t count;
    bool may_lack_crc; /* a checksum of 0 says that none was made; the caller sets it */
    const char *data;  /* the bytes of the source; borrowed */
    size_t size;
    char *names;                         /* of the members, one behind the other */
    const struct unzip_member **by_name; /* the members in the order of their names */
};

/* Lists the members. The bytes of the source must stay where they are until unzip_free; the struct itself may move. Errors:
 * ERROR_INPUT where it is no whole zip. */
bool unzip_open(struct unzip *unzip, const struct source *source, struct error *error);
void unzip_free(struct unzip *unzip);

/* Whether data are a zip whose first member, as it lies there, has a name that ends so: a guess, for which nothing is opened. */
bool unzip_begins(const char *data, size_t size, const char *ending);

/* The index of the first member of that name; SIZE_MAX: there is none. */
size_t unzip_find(const struct unzip *unzip, const char *name);

/* Whether a member can be read, and has no more bytes than its packed ones can hold: to be asked before memory of its size is
 * taken. The functions below ask it themselves. Errors: ERROR_INPUT, with file and member. */
bool unzip_check(const struct unzip *unzip, size_t index, struct error *error);

/* Where a stored member lies in the memory of the source, all of it; *data becomes NULL where it is compressed and has to be
 * read. Its checksum is not looked at, nor its bytes but for the first few: that is unzip_verify's. */
bool unzip_in_place(struct unzip *unzip, size_t index, const char **data, struct error *error);

/* Reads all bytes of a member that lies in place, and compares their checksum, once. Of others unzip_read does so. Errors:
 * ERROR_INPUT, with file and member. */
bool unzip_verify(struct unzip *unzip, size_t index, struct error *error);

/* Unpacks the first `size` bytes of a member, which has as many, into `to`. If these are all, the checksum is checked. */
bool unzip_read(struct unzip *unzip, size_t index, void *to, size_t size, struct error *error);

#endif
