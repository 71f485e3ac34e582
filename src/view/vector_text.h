/* Vectors in sentences and pictures. */
#ifndef ATTN_VIEW_VECTOR_TEXT_H
#define ATTN_VIEW_VECTOR_TEXT_H

#include <stddef.h>

#include "base/out.h"

/* "(1, 2, 3)", or the first `shown` numbers and `rest`: "(1, 2, …)". The numbers are of one of both types; the other is
 * NULL. A `rest` of NULL says how many they are: "(1, 2, … 64 numbers)". */
void vector_write(struct out *out, const float *single, const double *doubled, size_t count, size_t shown,
                  const char *rest);

#endif
