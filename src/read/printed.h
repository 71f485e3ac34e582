/* What print shows of an array, which nobody can read back for sure. */
#ifndef ATTN_READ_PRINTED_H
#define ATTN_READ_PRINTED_H

#include <stdbool.h>

#include "base/error.h"
#include "base/source.h"

/* Whether the text is a printed array of PyTorch or NumPy, with an error that says what to write instead. */
bool printed_array(const struct source *source, struct error *error);

#endif
