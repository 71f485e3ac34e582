/* Vectors of tokens as text, as word2vec and fastText write them. */
#ifndef ATTN_WRITE_VECTORS_H
#define ATTN_WRITE_VECTORS_H

#include "problem/inputs.h"
#include "tensor/format.h"

/* Its name, ending and types. It has no `write`: it is written alone, by the function below, and read/vectors.c reads it. */
extern const struct format format_vectors;

/*
 * Writes "COUNT DIM" and a line for each row of an array of two axes: its token and its numbers, with blanks between. The array is
 * packed, and its numbers come from array_write. Warns of tokens that stand twice. Errors: ERROR_USAGE for more arrays than one, another shape, or tokens that are
 * not as many as rows; ERROR_INPUT for a token that is empty or holds a blank, which readers would cut, and for a number that is
 * not finite; no memory, and those of array_write.
 */
bool vectors_write(const struct inputs *beside, const struct array *arrays, size_t count, struct out *out,
                   struct warnings *warnings, struct error *error);

#endif
