/* The tokens of a file of named arrays: lists of texts beside its arrays, and NumPy's arrays of text. */
#ifndef ATTN_READ_DUMP_LABELS_H
#define ATTN_READ_DUMP_LABELS_H

#include <stdbool.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "tensor/archive.h"

/* Whether an array is one of labels: called tokens or key_tokens, and of NumPy's text ("<U5"). */
bool dump_labels_are(const struct array *array);
/*
 * Puts the lists of texts called tokens and key_tokens into the inputs, of metadata (torch.save, GGUF) or of arrays (np.array of
 * str: a list, or one behind an axis of 1). Errors: ERROR_INPUT for text that is none, an array of another shape, or where some
 * are there already.
 */
bool dump_labels_put(struct inputs *inputs, struct archive *archive, struct error *error);

#endif
