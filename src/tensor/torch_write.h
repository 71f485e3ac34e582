/* PyTorch's files as they are written: the zip form of torch.save. The functions of struct format. */
#ifndef ATTN_TENSOR_TORCH_WRITE_H
#define ATTN_TENSOR_TORCH_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "tensor/archive.h"

enum dtype torch_holds(enum dtype dtype);
bool torch_write(const struct array *arrays, size_t count, const struct metadatum *metadata,
                 size_t metadata_count, struct out *out, struct error *error);

#endif
