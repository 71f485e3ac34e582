/* Numbers of arrays as text, so that they read back as they were. */
#ifndef ATTN_WRITE_EXACT_NUMBER_H
#define ATTN_WRITE_EXACT_NUMBER_H

#include "base/out.h"
#include "tensor/dtype.h"

/* Writes a number of a type, or one that was widened from it: integers with all their digits, of floats the fewest that give the
 * same one again; null where it is not finite. */
void exact_number(struct out *out, enum dtype dtype, long double value);

/* What a text can hold of a type: those that have one number a block; DTYPE_UNKNOWN of others. */
enum dtype exact_number_holds(enum dtype dtype);

#endif
