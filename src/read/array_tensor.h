/* Arrays of files as tensors. */
#ifndef ATTN_READ_ARRAY_TENSOR_H
#define ATTN_READ_ARRAY_TENSOR_H

#include <stdbool.h>

#include "base/error.h"
#include "tensor/archive.h"
#include "tensor/tensor.h"

/*
 * Makes a tensor of an array. Axes of 1 in front, and one behind the first, are left out where there are more than
 * TENSOR_RANK_MAX, and a single number becomes a list of one. Numbers that lie in the file as the tensor needs them are
 * borrowed from the archive, which must live as long. Errors: ERROR_INPUT for a type that cannot be read, an empty array,
 * one with too many axes.
 */
bool array_tensor(struct tensor *tensor, struct archive *archive, const struct array *array,
                  struct error *error);

/* The same for numbers that may stay in the file for now: where they do not lie as the tensor needs them, its data are zeros.
 * `*deferred` is the array that they will be fetched from, and whose checksum has not been compared. */
bool array_tensor_deferred(struct tensor *tensor, struct archive *archive, const struct array *array,
                           struct array *deferred, struct error *error);

/* Whether it has no scales beside it, without which float8 is no numbers; array_tensor asks it too. Errors: ERROR_INPUT, which names
 * these. */
bool array_check_scales(const struct archive *archive, const struct array *array, struct error *error);

/* Leaves out an axis of 1. */
void array_drop_axis(struct array *array, int axis);

/* The place of an array in messages: "FILE:NAME". */
bool array_place(struct place *place, struct archive *archive, const struct array *array,
                 struct error *error);

/* Says of an array that is passed over, as it is records or pickled objects (array_is_opaque), why it cannot be read. *told counts
 * those of the file: only the first few are named. */
void array_warn_opaque(struct warnings *warnings, const char *file, const struct array *array, size_t *told);

#endif
