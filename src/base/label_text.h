/* Labels and numbers in the sentences and tables that a person reads. */
#ifndef ATTN_BASE_LABEL_TEXT_H
#define ATTN_BASE_LABEL_TEXT_H

/* A label in quotes, without control characters, cut to 14 columns: "attention" or "a very long l…". */
void label_text(const char *label, char out[128]);

/* A number with four digits; no minus before a zero; NaN, ∞ and -∞ by these names. Returns `out`. */
const char *label_number(double x, char out[24]);

#endif
