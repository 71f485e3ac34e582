/* The formats that are files of named arrays. */
#ifndef ATTN_TENSOR_FORMAT_H
#define ATTN_TENSOR_FORMAT_H

#include "base/out.h"
#include "tensor/archive.h"

/* X(NAME) for each, with BETWEEN between them. */
#define FORMATS(X, BETWEEN)                                                                                  \
    X(npy) BETWEEN X(npz)                                                                                    \
    BETWEEN X(safetensors)                                                                                   \
    BETWEEN X(gguf)                                                                                          \
    BETWEEN X(torch)                                                                                         \
    BETWEEN X(llama2c)

struct format {
    const char *name;           /* that of FORMATS */
    const char *what;           /* "a NumPy array": for messages, with its article */
    const char *const *endings; /* of file names, with their dots; NULL-terminated */
    /* How sure it is that a file has this format: 2 by its content, 1 by its name, 0 not at all. */
    int (*probe)(const char *data, size_t size, const char *name);
    /* Lists the arrays of archive->sources[0]. Sizes are checked: every array that has `data` lies within its source with all
     * its numbers. */
    bool (*open)(struct archive *archive, struct error *error);
    /* Fetches the numbers of an array whose data is NULL. NULL: there are none. */
    bool (*load)(struct archive *archive, struct array *array, struct error *error);
    /* Compares the checksum of what an array lies in, where that has no more than `bytes` bytes of numbers. NULL: it has none. */
    bool (*verify)(struct archive *archive, const struct array *array, size_t bytes, struct error *error);
    /* Frees archive->state. NULL: it has none. */
    void (*close)(struct archive *archive);
    /* Whether write has a place for a metadatum. NULL: for none. */
    bool (*keeps)(const struct metadatum *metadatum);
    /* What a file of this format can hold of a type; DTYPE_UNKNOWN: it has to be widened to f32. */
    enum dtype (*holds)(enum dtype dtype);
    /*
     * Writes arrays, which are packed and of a type that `holds` returns itself, and whose numbers array_write makes
     * (tensor/array_write.h), and the metadata that it keeps. Names of arrays are not checked before. NULL: cannot be written.
     * Errors: ERROR_USAGE where the format cannot hold that, and those of array_write.
     */
    bool (*write)(const struct array *arrays, size_t count, const struct metadatum *metadata,
                  size_t metadata_count, struct out *out, struct error *error);
};

#define FORMAT_DECLARE(name) extern const struct format format_##name;
FORMATS(FORMAT_DECLARE, )

/* All of them, NULL-terminated, and their names: "npy npz". */
extern const struct format *const formats[];
extern const char format_words[];

/* The one of that name, or NULL. */
const struct format *format_named(const char *name);
/* The one that a file has, by its content, else by its name; NULL: none. */
const struct format *format_of(const char *data, size_t size, const char *name);
/* The one whose ending a path has, or NULL. */
const struct format *format_by_ending(const char *path);

#endif
