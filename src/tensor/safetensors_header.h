/* The header of a file of safetensors, which says where in it the numbers of each array lie. */
#ifndef ATTN_TENSOR_SAFETENSORS_HEADER_H
#define ATTN_TENSOR_SAFETENSORS_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tensor/archive.h"

/* The most bytes of a header. */
enum { SAFETENSORS_HEADER_MOST = 100000000 };

/* Adds the arrays and metadata of archive->sources[index]. Errors: ERROR_INPUT, with file and place, also where the arrays do
 * not fill the file. */
bool safetensors_header_read(struct archive *archive, size_t index, struct error *error);

#endif
