/* Labels and numbers in the sentences and tables that a person reads. */
#ifndef ATTN_BASE_LABEL_TEXT_H
#define ATTN_BASE_LABEL_TEXT_H

#include <stddef.h>

/* A label in quotes, without control characters, cut to 14 columns: "attention" or "a very long l…". */
void label_text(const char *label, char out[128]);

/* The same behind a number: 3 "time". */
void label_numbered(size_t number, const char *label, char out[160]);

/* A number with four digits; no minus before a zero; NaN, ∞ and -∞ by these names. Returns `out`. */
const char *label_number(double x, char out[24]);

#endif
