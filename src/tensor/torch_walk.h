/* What PyTorch's pickles hold, as arrays and metadata with names. */
#ifndef ATTN_TENSOR_TORCH_WALK_H
#define ATTN_TENSOR_TORCH_WALK_H

#include "tensor/archive.h"
#include "tensor/torch_tensors.h"

/*
 * Adds the tensors of the whole pickle, whose storages are found, to the archive; numbers, texts and truths become metadata,
 * and so do lists of numbers or of texts. A name is the way there, joined by dots: "state_dict.layers.0.weight". None, bytes
 * and complex numbers are left out. A container that contains itself is not entered again.
 */
bool torch_walk(struct archive *archive, struct torch *torch, struct error *error);

#endif
