/* How many pairs of a head are allowed, counted without asking each of them. */
#ifndef ATTN_ATTENTION_MASK_COUNT_H
#define ATTN_ATTENTION_MASK_COUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/head.h"
#include "base/error.h"

/* Sets *count to the allowed pairs of n×m, and *blind_rows (NULL: not wanted) to the queries that may attend to no key,
 * counted on `threads` threads. Errors: no memory. */
bool mask_count(const struct head *head, int threads, size_t *count, size_t *blind_rows, struct error *error);

#endif
