#include "tensor/zip.h"

#include <libdeflate.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST /* zlib then takes bytes that it may not change */
#include <zlib.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "tensor/zip_directory.h"

/* How a member is packed. */
enum { STORED = 0, DEFLATED = 8 };

/* Deflate packs at most 258 bytes into 2 bits (RFC 1951, 3.2.5). */
enum { DEFLATE_MOST = 1032 };

/* Bytes of a local header, and where in it the length of the name stands, with that of the extra field behind it. */
enum { HEADER = 30, NAME_LENGTH = 26, EXTRA_LENGTH = 28 };

/* ---- opening ---- */

/* By name, and of one name in the order of the directory. */
static int compare_members(const void *a, const void *b)
{
    const struct unzip_member *const *left = a, *const *right = b;
    const int order = strcmp((*left)->name, (*right)->name);
    return order != 0 ? order : (*left > *right) - (*left < *right);
}

static bool members_sort(struct unzip *unzip, struct error *error)
{
    unzip->by_name = memory_alloc(unzip->count, sizeof *unzip->by_name, error);
    if (!unzip->by_name)
        return false;
    for (size_t i = 0; i < unzip->count; i++)
        unzip->by_name[i] = &unzip->members[i];
    qsort(unzip->by_name, unzip->count, sizeof *unzip->by_name, compare_members);
    return true;
}

bool unzip_open(struct unzip *unzip, const struct source *source, struct error *error)
{
    *unzip = (struct unzip){.file = source->name, .data = source->data, .size = source->size};
    if (source->size == 0)
        return error_set(error, ERROR_INPUT, "%s: an empty file: expected a zip", source->name);
    return zip_directory_read(unzip, error) && members_sort(unzip, error);
}

void unzip_free(struct unzip *unzip)
{
    free(unzip->members);
    free(unzip->names);
    free(unzip->by_name);
    *unzip = (struct unzip){0};
}

bool unzip_begins(const char *data, size_t size, const char *ending)
{
    if (size < HEADER || memcmp(data, "PK\3\4", 4) != 0)
        return false;
    const size_t length = (size_t)little_endian(data + NAME_LENGTH, 2);
    const size_t wanted = strlen(ending);
    return length >= wanted && size >= HEADER + length &&
           memcmp(data + HEADER + length - wanted, ending, wanted) == 0;
}

size_t unzip_find(const struct unzip *unzip, const char *name)
{
    size_t low = 0, high = unzip->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(unzip->by_name[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const bool is_found = low < unzip->count && strcmp(unzip->by_name[low]->name, name) == 0;
    return is_found ? (size_t)(unzip->by_name[low] - unzip->members) : SIZE_MAX;
}

/* ---- members ---- */

bool unzip_check(const struct unzip *unzip, size_t index, struct error *error)
{
    const struct unzip_member *member = &unzip->members[index];
    if (member->is_encrypted)
        return error_set(error, ERROR_INPUT, "%s:%s: encrypted: expected a member that is not", unzip->file,
                         member->name);
    if (member->method != STORED && member->method != DEFLATED)
        return error_set(error, ERROR_INPUT,
                         "%s:%s: packed by method %d: expected stored (0) or deflated (8)", unzip->file,
                         member->name, member->method);
    const size_t most = unzip->size;
    const bool is_stored = member->method == STORED;
    if (member->packed > most || (is_stored && member->size != member->packed) ||
        member->size / DEFLATE_MOST > member->packed)
        return error_set(
            error, ERROR_INPUT,
            "%s:%s: said to have %zu bytes in %zu of a file of %zu: expected a file that was copied whole",
            unzip->file, member->name, member->size, member->packed, most);
    return true;
}

/* Where the packed bytes of a member begin, all of which the file has; NULL and an error: nowhere. */
static const char *member_locate(const struct unzip *unzip, const struct unzip_member *member,
                                 struct error *error)
{
    const char *header = unzip->data + member->header;
    if (unzip->size < HEADER || member->header > unzip->size - HEADER || memcmp(header, "PK\3\4", 4) != 0) {
        error_set(error, ERROR_INPUT,
                  "%s:%s: is not where the zip says: expected a file that was copied whole", unzip->file,
                  member->name);
        return NULL;
    }
    const size_t at = member->header + HEADER + (size_t)little_endian(header + NAME_LENGTH, 2) +
                      (size_t)little_endian(header + EXTRA_LENGTH, 2);
    if (at > unzip->size || member->packed > unzip->size - at) {
        error_set(error, ERROR_INPUT, "%s:%s: ends behind the file: expected a file that was copied whole",
                  unzip->file, member->name);
        return NULL;
    }
    return unzip->data + at;
}

static bool member_damaged(const struct unzip *unzip, const struct unzip_member *member, const char *how,
                           struct error *error)
{
    return error_set(error, ERROR_INPUT, "%s:%s: damaged (%s): expected a file that was copied whole",
                     unzip->file, member->name, how);
}

/* Unpacks up to `size` bytes, and says in *done how many there were. Returns what zlib says in the end. */
static int inflate_bytes(z_stream *stream, size_t packed, char *to, size_t size, size_t *done)
{
    int code = Z_OK;
    for (*done = 0; *done < size && code == Z_OK;) {
        const size_t room = size - *done < UINT_MAX ? size - *done : UINT_MAX;
        const size_t rest = packed < UINT_MAX ? packed : UINT_MAX;
        stream->next_out = (Bytef *)to + *done;
        stream->avail_out = (uInt)room;
        stream->avail_in = (uInt)rest;
        code = inflate(stream, Z_SYNC_FLUSH);
        packed -= rest - stream->avail_in;
        *done += room - stream->avail_out;
    }
    return code;
}

/* Unpacks the first `size` bytes of a deflated member, and one more where these are all, which must not be there. */
static bool member_inflate(const struct unzip *unzip, const struct unzip_member *member, const char *packed,
                           char *to, size_t size, struct error *error)
{
    z_stream stream = {.next_in = (const Bytef *)packed};
    char more;
    size_t done = 0, behind = 0;
    int code = inflateInit2(&stream, -MAX_WBITS);
    if (code == Z_OK)
        code = inflate_bytes(&stream, member->packed, to, size, &done);
    if (code == Z_OK && size == member->size)
        code = inflate_bytes(&stream, member->packed - (size_t)((const char *)stream.next_in - packed), &more,
                             1, &behind);
    const char *why = stream.msg ? stream.msg : "its end";
    bool ok = false;
    if (code == Z_MEM_ERROR)
        error_set(error, ERROR_SYSTEM, "%s: not enough memory to read the zip", unzip->file);
    else if (done < size)
        error_set(error, ERROR_INPUT, "%s:%s: cannot be read behind byte %zu (%s): expected %zu bytes",
                  unzip->file, member->name, done, why, member->size);
    else if (behind > 0)
        member_damaged(unzip, member, "longer than said", error);
    else if (size == member->size && code != Z_STREAM_END)
        member_damaged(unzip, member, why, error);
    else
        ok = true;
    inflateEnd(&stream);
    return ok;
}

/* Whether there is a checksum to compare, and it is another one. */
static bool member_crc_differs(const struct unzip *unzip, const struct unzip_member *member,
                               const char *bytes)
{
    return (member->crc != 0 || !unzip->may_lack_crc) &&
           libdeflate_crc32(0, bytes, member->size) != member->crc;
}

bool unzip_read(struct unzip *unzip, size_t index, void *to, size_t size, struct error *error)
{
    const struct unzip_member *member = &unzip->members[index];
    if (!unzip_check(unzip, index, error))
        return false;
    if (size > member->size)
        return error_set(error, ERROR_INPUT, "%s:%s: has %zu bytes: expected at least %zu", unzip->file,
                         member->name, member->size, size);
    const char *packed = member_locate(unzip, member, error);
    if (!packed)
        return false;
    if (member->method == STORED && size > 0)
        memcpy(to, packed, size);
    else if (member->method == DEFLATED && !member_inflate(unzip, member, packed, to, size, error))
        return false;
    return size < member->size || !member_crc_differs(unzip, member, to) ||
           member_damaged(unzip, member, "CRC error", error);
}

bool unzip_in_place(struct unzip *unzip, size_t index, const char **data, struct error *error)
{
    struct unzip_member *member = &unzip->members[index];
    *data = NULL;
    if (!unzip_check(unzip, index, error))
        return false;
    if (member->method != STORED)
        return true;
    *data = member->data = member_locate(unzip, member, error);
    return *data;
}

bool unzip_verify(struct unzip *unzip, size_t index, struct error *error)
{
    struct unzip_member *member = &unzip->members[index];
    if (!member->data || member->is_verified)
        return true;
    member->is_verified = !member_crc_differs(unzip, member, member->data);
    return member->is_verified || member_damaged(unzip, member, "CRC error", error);
}
