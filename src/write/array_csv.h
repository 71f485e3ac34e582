/* One array as a table of CSV. */
#ifndef ATTN_WRITE_ARRAY_CSV_H
#define ATTN_WRITE_ARRAY_CSV_H

#include "problem/inputs.h"
#include "tensor/format.h"

/* Its name, ending and types. It has no `write`: it is written alone, by the function below, and read/csv.c reads it. */
extern const struct format format_array_csv;

/*
 * Writes the rows of an array of at most two axes; where there are as many tokens in `beside`, these stand in front, under the header
 * token,0,1,…, which the reader takes for one. Numbers of the types that have one a block stay exact. The array is packed, and its
 * numbers come from array_write. Errors: ERROR_USAGE for more arrays than one, or another shape; no memory, and those of
 * array_write.
 */
bool array_csv_write(const struct inputs *beside, const struct array *arrays, size_t count, struct out *out,
                     struct warnings *warnings, struct error *error);

#endif
