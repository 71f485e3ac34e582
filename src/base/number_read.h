/* Decimal text to float32: the nearest, without the C library's cost per number. The way back is base/number_write.h. */
#ifndef ATTN_BASE_NUMBER_READ_H
#define ATTN_BASE_NUMBER_READ_H

#include <stdbool.h>

/*
 * Reads a number of the JSON grammar (RFC 8259: -?int frac? exp?) at text[0..end). Returns the first byte
 * behind it, or NULL where none begins; a number that breaks off ("1.", "1e") also gives NULL. *value is the
 * nearest float32, ties to even, as strtof gives it; too large gives an infinity, and is noted for
 * number_take_overflow. Needs no byte behind `end`.
 */
const char *number_read(const char *text, const char *end, float *value);

/* The same for the looser numbers of CSV and Python: a leading '+', ".5", "5.", and nan, inf, infinity in any
 * case, with a sign. `mark` stands before the fraction: '.', or ',', before which there must be a digit. */
const char *number_read_loose(const char *text, const char *end, char mark, float *value);

/* Where the numbers begin that were read since the last call, on any thread, and are too large for float32: the one that
 * lies first in memory, which is the first of a text; NULL: there are none. What it points to may be gone, if the text
 * is. *named (NULL: not asked): whether one was read since then that is infinite by its name. */
const char *number_take_overflow(bool *named);

/* For who reads the words of infinity himself: one was read. */
void number_note_infinity(void);

#endif
