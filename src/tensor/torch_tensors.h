/* The storages that PyTorch's pickles speak of, and the tensors that are views of them. */
#ifndef ATTN_TENSOR_TORCH_TENSORS_H
#define ATTN_TENSOR_TORCH_TENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include "tensor/array.h"
#include "tensor/pickle.h"
#include "tensor/torch_names.h"
#include "tensor/zip.h"

/* Bytes beside the pickle, by a key. */
struct torch_storage {
    const char *key; /* in the pickle */
    size_t key_size;
    size_t bytes;     /* as the pickle says; of as many it is known that they are there when it was found */
    size_t type_size; /* bytes of a number */
    bool is_found;
    const char *data; /* NULL: in a compressed member that was not read yet */
    size_t offset;    /* of data in the file */
    size_t member;    /* of the zip, of all `data` */
};

/* What is known of an open file. */
struct torch {
    const char *file; /* its name; borrowed */
    struct unzip unzip;
    struct pickle pickle;
    struct torch_storage *storages; /* by their keys */
    size_t count;
    bool swapped; /* numbers have the other byte order than this machine */
};

/* A part of a storage, as a pickle names it. */
struct torch_part {
    const struct torch_type *type;
    size_t storage; /* index in storages */
    size_t first;   /* number of that type that is its first */
    size_t count;   /* numbers */
};

/* Lists the storages of all persistent values. Errors: a value that is none, one of two sizes. */
bool torch_storages_list(struct torch *torch, struct error *error);
/* The one of that key, or NULL. */
struct torch_storage *torch_storage_find(const struct torch *torch, const char *key, size_t size);

/* The part that a persistent value is, after torch_storages_list. */
bool torch_part_read(const struct torch *torch, pickle_id value, struct torch_part *part,
                     struct error *error);

/* Fills all of an array but its name from what a call rebuilds a tensor of: `what` is one of torch_what, `arguments` a tuple.
 * Every number lies within its storage. Errors: ERROR_INPUT, which name `name`. */
bool torch_tensor_read(const struct torch *torch, int what, pickle_id arguments, const char *name,
                       struct array *array, struct error *error);
/* The same for a storage that is saved on its own: one axis. */
bool torch_storage_read(const struct torch *torch, pickle_id value, struct array *array, struct error *error);

/* The numbers of a list or tuple, as sizes; *count: how many, at most ARRAY_RANK_MAX. */
bool torch_sizes_read(const struct torch *torch, pickle_id value, size_t sizes[ARRAY_RANK_MAX],
                      size_t *count);

/* Sets "FILE:NAME: message"; of kind ERROR_INPUT. Always returns false. */
bool torch_error(const struct torch *torch, const char *name, struct error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
