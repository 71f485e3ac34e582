/* NumPy's arrays and numbers in pickles, whose bytes lie in the pickle. Source: numpy/core/src/multiarray of NumPy 1.24. */
#ifndef ATTN_TENSOR_TORCH_NUMPY_H
#define ATTN_TENSOR_TORCH_NUMPY_H

#include "tensor/archive.h"
#include "tensor/torch_tensors.h"

/* Fills all of an array but its name from a call of NUMPY_ARRAY with its state. Errors: ERROR_INPUT, which name `name`. */
bool torch_numpy_array(struct archive *archive, const struct torch *torch, pickle_id call, const char *name,
                       struct array *array, struct error *error);
/* The same from a call of NUMPY_SCALAR: an array without axes. */
bool torch_numpy_scalar(struct archive *archive, const struct torch *torch, pickle_id call, const char *name,
                        struct array *array, struct error *error);

#endif
