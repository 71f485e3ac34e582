/*
 * What PyTorch's pickles may name: its types of numbers, its storages, the functions that rebuild tensors, and Python's plain
 * containers. Sources: torch/_utils.py, torch/serialization.py and torch/storage.py of PyTorch 1.13 and 2.7.
 */
#ifndef ATTN_TENSOR_TORCH_NAMES_H
#define ATTN_TENSOR_TORCH_NAMES_H

#include "tensor/dtype.h"
#include "tensor/pickle.h"

/* Bytes of the name of a tensor, with those of the dicts that it is in. */
enum { TORCH_NAME_MOST = 1000 };

struct torch_type {
    const char *name;    /* as PyTorch prints it, without "torch." */
    enum dtype dtype;    /* DTYPE_UNKNOWN: its numbers are not read */
    size_t bytes;        /* of a number */
    const char *storage; /* the class of its storages, "FloatStorage"; NULL: it has none of its own */
};

/* What a name stands for: pickle_name.what. */
enum torch_what {
    TORCH_TYPE,      /* a type of numbers; detail: its index in torch_types */
    TORCH_STORAGE,   /* a class of storages, of numbers of that type */
    TORCH_TENSOR,    /* (storage, offset, size, stride, …) */
    TORCH_TENSOR_V3, /* the same of bytes, with the type at 6 */
    TORCH_WRAPPED,   /* (tensor, …) */
    TORCH_SUBCLASS,  /* (function, class, its arguments, state) */
    TORCH_CLASS,     /* a class of tensors, or another that is only named */
    TORCH_DICT,      /* a dict of some class, (pairs) or () */
    TORCH_FACTORY,   /* a dict, (function) */
    TORCH_LIST,      /* a list, (items) */
    TORCH_DEVICE,    /* (type, index) */
    TORCH_OBJECT,    /* the state is its dict */
    TORCH_ENCODE,    /* bytes, (text) */
    TORCH_OTHER,     /* a value that is not looked at */
    NUMPY_DTYPE,     /* (code, …) */
    NUMPY_SCALAR,    /* (dtype, bytes) */
    NUMPY_ARRAY,     /* the state is (version, shape, dtype, is Fortran's, bytes) */
};

extern const struct torch_type torch_types[];
/* The index of the type that a dtype has. */
int torch_type_of(enum dtype dtype);
/* The type that a dtype has, and that every PyTorch since 1.6 has a storage for; NULL: there is none. */
const struct torch_type *torch_type_stored(enum dtype dtype);

extern const struct pickle_rules torch_rules;

#endif
