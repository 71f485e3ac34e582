/* float32 to decimal text: the shortest that base/number_read.h reads back as the same number. */
#ifndef ATTN_BASE_NUMBER_WRITE_H
#define ATTN_BASE_NUMBER_WRITE_H

#include <stddef.h>

/* Bytes that number_write may need. */
#define NUMBER_SIZE 24

/*
 * Writes the shortest decimal number that reads back as the same float32 (Giulietti's Schubfach), in the
 * style of Python's repr: 0.1, 1e-07, 123456.0 is written 123456. -0 is "-0". Not for infinities and NaN.
 * Returns the length; no NUL is written.
 */
size_t number_write(char out[NUMBER_SIZE], float value);

#endif
