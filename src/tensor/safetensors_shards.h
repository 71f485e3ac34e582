/* A model in several files of safetensors, by the list of them, model.safetensors.index.json: {"weight_map": {NAME: FILE, …}}. */
#ifndef ATTN_TENSOR_SAFETENSORS_SHARDS_H
#define ATTN_TENSOR_SAFETENSORS_SHARDS_H

#include <stdbool.h>

#include "base/error.h"
#include "tensor/archive.h"

/* Opens all files of the list that is archive->sources[0], and adds their arrays. Errors: ERROR_INPUT where the list and the
 * files do not say the same, and those of the files. */
bool safetensors_shards_open(struct archive *archive, struct error *error);

#endif
