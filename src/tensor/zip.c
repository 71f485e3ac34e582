#include "tensor/zip.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/little_endian.h"
#include "base/memory.h"

/* Deflate packs at most 258 bytes into 2 bits (RFC 1951, 3.2.5). */
enum { DEFLATE_MOST = 1032 };

/* ---- memory as libzip reads it ---- */

/* The bytes of the file, and what of them was read last: libzip does not tell where a member lies, but it reads it from
 * here. */
struct unzip_memory {
    const char *data;
    size_t size, at;
    size_t read_at, read_size;
    zip_error_t error;
};

static zip_int64_t memory_read(struct unzip_memory *memory, void *to, zip_uint64_t size)
{
    const size_t rest = memory->size - memory->at;
    memory->read_at = memory->at;
    memory->read_size = size < rest ? (size_t)size : rest;
    memcpy(to, memory->data + memory->at, memory->read_size);
    memory->at += memory->read_size;
    return (zip_int64_t)memory->read_size;
}

static zip_int64_t memory_stat(const struct unzip_memory *memory, void *to)
{
    struct zip_stat stat;
    zip_stat_init(&stat);
    stat.valid = ZIP_STAT_SIZE;
    stat.size = memory->size;
    memcpy(to, &stat, sizeof stat);
    return sizeof stat;
}

static zip_int64_t memory_seek(struct unzip_memory *memory, void *arguments, zip_uint64_t size)
{
    const zip_int64_t at =
        zip_source_seek_compute_offset(memory->at, memory->size, arguments, size, &memory->error);
    if (at < 0)
        return -1;
    memory->at = (size_t)at;
    return 0;
}

/* A zip_source_callback of libzip. */
static zip_int64_t memory_serve(void *state, void *data, zip_uint64_t size, zip_source_cmd_t command)
{
    struct unzip_memory *memory = state;
    switch (command) {
    case ZIP_SOURCE_SUPPORTS:
        return ZIP_SOURCE_SUPPORTS_SEEKABLE;
    case ZIP_SOURCE_OPEN:
        memory->at = 0;
        return 0;
    case ZIP_SOURCE_READ:
        return memory_read(memory, data, size);
    case ZIP_SOURCE_STAT:
        return memory_stat(memory, data);
    case ZIP_SOURCE_SEEK:
        return memory_seek(memory, data, size);
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)memory->at;
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&memory->error, data, size);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        return 0;
    default:
        zip_error_set(&memory->error, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
}

/* ---- opening ---- */

/* Whether libzip, or zlib below it (Z_MEM_ERROR), has no memory, which is no error of the input; then that is the error. */
static bool zip_lacks_memory(const struct unzip *unzip, const zip_error_t *what, struct error *error)
{
    enum { ZLIB_NO_MEMORY = -4 };
    const int code = zip_error_code_zip(what);
    const bool lacks =
        code == ZIP_ER_MEMORY || (code == ZIP_ER_ZLIB && zip_error_code_system(what) == ZLIB_NO_MEMORY);
    if (lacks)
        error_set(error, ERROR_SYSTEM, "%s: not enough memory to read the zip", unzip->file);
    return lacks;
}

static bool zip_error_take(const struct unzip *unzip, zip_error_t *what, struct error *error)
{
    if (zip_lacks_memory(unzip, what, error))
        return false;
    return error_set(error, ERROR_INPUT,
                     "%s: cannot be read as a zip (%s): expected a file that was copied whole", unzip->file,
                     zip_error_strerror(what));
}

static bool zip_begin(struct unzip *unzip, struct error *error)
{
    zip_error_t what;
    zip_error_init(&what);
    errno = 0;
    zip_source_t *source = zip_source_function_create(memory_serve, unzip->memory, &what);
    if (source)
        unzip->zip = zip_open_from_source(source, ZIP_RDONLY, &what);
    /* Where the directory finds no memory, libzip says that there is none. */
    if (!unzip->zip && errno == ENOMEM)
        zip_error_set(&what, ZIP_ER_MEMORY, 0);
    if (source && !unzip->zip)
        zip_source_free(source);
    if (!unzip->zip)
        zip_error_take(unzip, &what, error);
    zip_error_fini(&what);
    return unzip->zip;
}

static bool member_list(struct unzip *unzip, size_t index, struct error *error)
{
    struct zip_stat stat;
    const zip_uint64_t wanted =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_CRC;
    if (zip_stat_index(unzip->zip, index, 0, &stat) != 0)
        return zip_error_take(unzip, zip_get_error(unzip->zip), error);
    if ((stat.valid & wanted) != wanted)
        return error_set(error, ERROR_INPUT, "%s: a zip whose member %zu has no name, size or checksum",
                         unzip->file, index + 1);
    unzip->members[index] = (struct unzip_member){
        .name = stat.name,
        .size = stat.size,
        .packed = stat.comp_size,
        .method = stat.comp_method,
        .crc = stat.crc,
        .is_encrypted = (stat.valid & ZIP_STAT_ENCRYPTION_METHOD) && stat.encryption_method != ZIP_EM_NONE,
    };
    return true;
}

bool unzip_open(struct unzip *unzip, const struct source *source, struct error *error)
{
    *unzip = (struct unzip){.file = source->name};
    /* Of which libzip makes an empty zip. */
    if (source->size == 0)
        return error_set(error, ERROR_INPUT, "%s: an empty file: expected a zip", source->name);
    unzip->memory = memory_zeroed(1, sizeof *unzip->memory, error);
    if (!unzip->memory)
        return false;
    *unzip->memory = (struct unzip_memory){.data = source->data, .size = source->size};
    zip_error_init(&unzip->memory->error);
    if (!zip_begin(unzip, error))
        return false;
    const zip_int64_t count = zip_get_num_entries(unzip->zip, 0);
    unzip->members = memory_zeroed((size_t)count, sizeof *unzip->members, error);
    if (!unzip->members)
        return false;
    for (; unzip->count < (size_t)count; unzip->count++)
        if (!member_list(unzip, unzip->count, error))
            return false;
    return true;
}

void unzip_free(struct unzip *unzip)
{
    if (unzip->zip)
        zip_discard(unzip->zip);
    if (unzip->memory)
        zip_error_fini(&unzip->memory->error);
    free(unzip->memory);
    free(unzip->members);
    *unzip = (struct unzip){0};
}

bool unzip_begins(const char *data, size_t size, const char *ending)
{
    enum { HEADER = 30, NAME_LENGTH = 26 }; /* of a local header */
    if (size < HEADER || memcmp(data, "PK\3\4", 4) != 0)
        return false;
    const size_t length = (size_t)little_endian(data + NAME_LENGTH, 2);
    const size_t wanted = strlen(ending);
    return length >= wanted && size >= HEADER + length &&
           memcmp(data + HEADER + length - wanted, ending, wanted) == 0;
}

size_t unzip_find(const struct unzip *unzip, const char *name)
{
    const zip_int64_t index = zip_name_locate(unzip->zip, name, 0);
    return index < 0 ? SIZE_MAX : (size_t)index;
}

/* ---- members ---- */

bool unzip_check(const struct unzip *unzip, size_t index, struct error *error)
{
    const struct unzip_member *member = &unzip->members[index];
    if (member->is_encrypted)
        return error_set(error, ERROR_INPUT, "%s:%s: encrypted: expected a member that is not", unzip->file,
                         member->name);
    if (member->method != ZIP_CM_STORE && member->method != ZIP_CM_DEFLATE)
        return error_set(error, ERROR_INPUT,
                         "%s:%s: packed by method %d: expected stored (0) or deflated (8)", unzip->file,
                         member->name, member->method);
    const size_t most = unzip->memory->size;
    const bool is_stored = member->method == ZIP_CM_STORE;
    if (member->packed > most || (is_stored && member->size != member->packed) ||
        member->size / DEFLATE_MOST > member->packed)
        return error_set(
            error, ERROR_INPUT,
            "%s:%s: said to have %zu bytes in %zu of a file of %zu: expected a file that was copied whole",
            unzip->file, member->name, member->size, member->packed, most);
    return true;
}

/* Reads exactly `size` bytes into `to`. */
static bool member_bytes(const struct unzip *unzip, size_t index, zip_file_t *file, char *to, size_t size,
                         struct error *error)
{
    for (size_t done = 0; done < size;) {
        const zip_int64_t n = zip_fread(file, to + done, size - done);
        if (n < 0 && zip_lacks_memory(unzip, zip_file_get_error(file), error))
            return false;
        if (n <= 0)
            return error_set(error, ERROR_INPUT,
                             "%s:%s: cannot be read behind byte %zu (%s): expected %zu bytes", unzip->file,
                             unzip->members[index].name, done, n < 0 ? zip_file_strerror(file) : "its end",
                             unzip->members[index].size);
        done += (size_t)n;
    }
    return true;
}

/* Whether there is a checksum to compare. */
static bool member_has_crc(const struct unzip *unzip, size_t index)
{
    return unzip->members[index].crc != 0 || !unzip->may_lack_crc;
}

/* Asks for a byte behind the last, which is when libzip compares length and checksum with those that the zip says. */
static bool member_end(const struct unzip *unzip, size_t index, zip_file_t *file, struct error *error)
{
    char more;
    const zip_int64_t n = zip_fread(file, &more, 1);
    const bool is_crc = n < 0 && zip_error_code_zip(zip_file_get_error(file)) == ZIP_ER_CRC;
    if (n == 0 || (is_crc && !member_has_crc(unzip, index)))
        return true;
    if (n < 0 && zip_lacks_memory(unzip, zip_file_get_error(file), error))
        return false;
    return error_set(error, ERROR_INPUT, "%s:%s: damaged (%s): expected a file that was copied whole",
                     unzip->file, unzip->members[index].name,
                     n < 0 ? zip_file_strerror(file) : "longer than said");
}

static zip_file_t *member_open(const struct unzip *unzip, size_t index, zip_flags_t flags,
                               struct error *error)
{
    zip_file_t *file = zip_fopen_index(unzip->zip, index, flags);
    if (!file && !zip_lacks_memory(unzip, zip_get_error(unzip->zip), error))
        error_set(error, ERROR_INPUT,
                  "%s:%s: cannot be found in the zip (%s): expected a file that was copied whole",
                  unzip->file, unzip->members[index].name, zip_strerror(unzip->zip));
    return file;
}

bool unzip_read(struct unzip *unzip, size_t index, void *to, size_t size, struct error *error)
{
    if (!unzip_check(unzip, index, error))
        return false;
    if (size > unzip->members[index].size)
        return error_set(error, ERROR_INPUT, "%s:%s: has %zu bytes: expected at least %zu", unzip->file,
                         unzip->members[index].name, unzip->members[index].size, size);
    zip_file_t *file = member_open(unzip, index, 0, error);
    if (!file)
        return false;
    const bool ok = member_bytes(unzip, index, file, to, size, error) &&
                    (size < unzip->members[index].size || member_end(unzip, index, file, error));
    zip_fclose(file);
    return ok;
}

/* Where the bytes of a stored member begin, which has `size` bytes or more: where libzip reads them. SIZE_MAX: it did not
 * read just these. It reads a member as it is packed directly, without a checksum. */
static bool member_locate(struct unzip *unzip, size_t index, size_t size, size_t *at, struct error *error)
{
    const struct unzip_memory *memory = unzip->memory;
    char first[16];
    if (size > sizeof first)
        size = sizeof first;
    zip_file_t *file = member_open(unzip, index, ZIP_FL_COMPRESSED, error);
    if (!file)
        return false;
    const bool ok = member_bytes(unzip, index, file, first, size, error);
    const bool is_it = ok && memory->read_size == size &&
                       memcmp(memory->data + memory->read_at, first, memory->read_size) == 0;
    *at = is_it ? memory->read_at : SIZE_MAX;
    zip_fclose(file);
    return ok;
}

bool unzip_in_place(struct unzip *unzip, size_t index, const char **data, struct error *error)
{
    const struct unzip_memory *memory = unzip->memory;
    struct unzip_member *member = &unzip->members[index];
    size_t at = 0;
    *data = NULL;
    if (!unzip_check(unzip, index, error))
        return false;
    if (member->method != ZIP_CM_STORE)
        return true;
    if (member->size > 0 && !member_locate(unzip, index, member->size, &at, error))
        return false;
    if (at != SIZE_MAX && memory->size - at < member->size)
        return error_set(error, ERROR_INPUT,
                         "%s:%s: ends behind the file: expected a file that was copied whole", unzip->file,
                         member->name);
    if (at != SIZE_MAX)
        *data = member->data = memory->data + at;
    return true;
}

bool unzip_verify(struct unzip *unzip, size_t index, struct error *error)
{
    struct unzip_member *member = &unzip->members[index];
    if (!member->data || member->is_verified || !member_has_crc(unzip, index))
        return true;
    member->is_verified = libdeflate_crc32(0, member->data, member->size) == member->crc;
    return member->is_verified ||
           error_set(error, ERROR_INPUT, "%s:%s: damaged (CRC error): expected a file that was copied whole",
                     unzip->file, member->name);
}
