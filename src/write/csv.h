/* What the CSV of pairs and that of measures have in common. */
#ifndef ATTN_WRITE_CSV_H
#define ATTN_WRITE_CSV_H

#include "base/out.h"

/* A number as it reads back to the same float32, or nan, inf, -inf, which pandas and NumPy read. */
void csv_value(struct out *out, float value);

/* A text as a field, quoted where a reader would otherwise split or trim it. */
void csv_field(struct out *out, const char *text);

#endif
