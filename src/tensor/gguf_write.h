/* GGUF as it is written: version 3, little endian, as libggml and libllama read it. The functions of struct format. */
#ifndef ATTN_TENSOR_GGUF_WRITE_H
#define ATTN_TENSOR_GGUF_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "tensor/archive.h"

bool gguf_keeps(const struct metadatum *metadatum);
enum dtype gguf_holds(enum dtype dtype);
bool gguf_write(const struct array *arrays, size_t count, const struct metadatum *metadata,
                size_t metadata_count, struct out *out, struct error *error);

#endif
