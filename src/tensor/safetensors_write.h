/* A file of safetensors as it is written: in the order in which safetensors itself writes. The functions of struct format. */
#ifndef ATTN_TENSOR_SAFETENSORS_WRITE_H
#define ATTN_TENSOR_SAFETENSORS_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "tensor/archive.h"

/* All but lists, as texts. */
bool safetensors_keeps(const struct metadatum *metadatum);
enum dtype safetensors_holds(enum dtype dtype);
bool safetensors_write(const struct array *arrays, size_t count, const struct metadatum *metadata,
                       size_t metadata_count, struct out *out, struct error *error);

#endif
