/* The header of NumPy's NPY, which a file has by itself or as a member of an NPZ. */
#ifndef ATTN_TENSOR_NPY_HEADER_H
#define ATTN_TENSOR_NPY_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "tensor/archive.h"

/* The most bytes of a header, with its magic number: NumPy, too, reads no longer one unless it is told to. */
enum { NPY_HEADER_MOST = 10012 };

/*
 * Reads the header of an array of `whole` bytes, of which `size` are at `bytes`: all, or NPY_HEADER_MOST. Sets type, dtype,
 * swapped, rank, shape, stride and bytes of the array, and *begin to where its numbers are. Types without numbers (strings,
 * dates, records, pickled objects) and complex numbers have DTYPE_UNKNOWN. Errors: ERROR_INPUT, by archive_error, for a header that
 * is none, and where the bytes are not those of the shape.
 */
bool npy_header_read(struct archive *archive, size_t index, const char *bytes, size_t size, size_t whole,
                     size_t *begin, struct error *error);

/* Writes magic number, version 1.0 and header of an array, padded so that the numbers begin at a multiple of 64. `descr` is its
 * type ("<f4"). */
struct out;
void npy_header_write(const struct array *array, struct out *out);

#endif
