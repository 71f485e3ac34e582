/*
 * The named arrays of a file, before anything of them is read: where they lie, their types and shapes. A file format is one
 * file that defines one `struct format`, and its name in FORMATS of tensor/format.h. Nothing here knows what an array means.
 */
#ifndef ATTN_TENSOR_ARCHIVE_H
#define ATTN_TENSOR_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"
#include "tensor/array.h"

/* What a file says beside its arrays. Lists are not copied. */
enum metadatum_kind { METADATUM_TEXT, METADATUM_INTEGER, METADATUM_REAL, METADATUM_TRUTH, METADATUM_LIST };
struct metadatum {
    char *key; /* owned */
    enum metadatum_kind kind;
    /* Of a text, its bytes, not ended by a NUL. Of a list of numbers, these, as they lie in the file, of the type `dtype`;
     * of a list of texts (dtype DTYPE_UNKNOWN), GGUF's: each a length of 8 bytes, little endian, and its bytes. NULL: a list
     * of lists, which is counted and not kept. */
    const char *data;
    size_t size;      /* bytes of a text; elements of a list */
    size_t bytes;     /* of all of `data` */
    enum dtype dtype; /* of the elements of a list; of a number, where the format has several types of them */
    int64_t integer;  /* also of a truth */
    bool is_unsigned; /* the integer is above INT64_MAX: read it as uint64_t */
    double real;
};

struct format;

/* Bytes of a file that is small enough to be read whole when a part of it would do. */
enum { ARCHIVE_SMALL = 64 << 20 };

/* Begins zeroed; archive_free in any case. Addresses of arrays and data hold until then. */
struct archive {
    const struct format *format;
    struct source *sources; /* the files; owned */
    size_t source_count;
    struct array *arrays; /* in the order of the file */
    size_t count;
    struct metadatum *metadata;
    size_t metadata_count;
    void **blocks; /* other memory that belongs to the archive: archive_keep */
    size_t block_count;
    size_t *slots; /* a hash of the names: indexes of arrays, and SIZE_MAX; slot_count is 0 or a power of 2 */
    size_t slot_count;
    bool
        in_parts; /* of numbers that are used where they lie, only some may be looked at; whoever opened it sets it */
    size_t unpacked;    /* bytes of members that were unpacked */
    size_t unpack_most; /* that may be, in all: whoever opened it sets it; 0: half of the machine's memory */
    void *state;        /* of the format, freed by format->close */
};

/*
 * Opens a file and lists its arrays; no number is read. `format` NULL: found by content, then by name. Errors: ERROR_SYSTEM
 * where it cannot be opened, ERROR_INPUT, with file and place, for everything wrong in it.
 */
bool archive_open(struct archive *archive, const char *path, const struct format *format,
                  struct error *error);
/* The same for a file that has been read: the archive takes it over in any case. */
bool archive_open_source(struct archive *archive, struct source *source, const struct format *format,
                         struct error *error);
void archive_free(struct archive *archive);

/* Makes array->data point to its numbers, if it does not yet: of an array in a compressed member, which is inflated into
 * memory of the archive. Errors: ERROR_SYSTEM where it may not take as much, ERROR_INPUT for a damaged member. */
bool archive_load(struct archive *archive, struct array *array, struct error *error);

/* To be asked before all numbers of a loaded array, or a part of one, are read: whether the bytes that the file has for them have
 * the checksum that it says, if it says one. A checksum is compared once. Of a file of ARCHIVE_SMALL bytes and more that is done only
 * where it is of nothing but this array, so that no more is read than will be. Errors: ERROR_INPUT where they do not. */
bool archive_verify(struct archive *archive, const struct array *array, struct error *error);

/* The array of that name, or NULL. */
struct array *archive_find(const struct archive *archive, const char *name);
/* The metadatum of that key, or NULL. */
const struct metadatum *archive_metadatum(const struct archive *archive, const char *key);

/* For formats: adds an array, whose name of `length` bytes is copied, and that is contiguous, rows last, if its rank is
 * above 0. A name met again gets #2, #3, …. NULL and an error without memory. */
struct array *archive_add(struct archive *archive, const char *name, size_t length, struct error *error);
/* Adds a metadatum, whose key is copied. */
struct metadatum *archive_add_metadatum(struct archive *archive, const char *key, size_t length,
                                        struct error *error);
/* Adds a file, mapped. Its index is source_count - 1 afterwards. */
bool archive_add_source(struct archive *archive, const char *path, struct error *error);
/* Memory that the archive frees. Returns it, or NULL and an error. */
void *archive_alloc(struct archive *archive, size_t count, size_t size, struct error *error);

/* The same for the `size` bytes of a member, of that name, that is to be unpacked. Errors: ERROR_SYSTEM where all that were would
 * have more bytes than unpack_most: a file of some megabytes may say that it unpacks to gigabytes. */
void *archive_unpack(struct archive *archive, const char *member, size_t size, struct error *error);

/* Sets "FILE:ARRAY: message"; of kind ERROR_INPUT. Always returns false. */
bool archive_error(const struct archive *archive, const struct array *array, struct error *error,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
