/* What readers do to inputs alike: a tensor, labels and names are put in once. */
#ifndef ATTN_READ_INPUTS_PUT_H
#define ATTN_READ_INPUTS_PUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"

/* Moves a tensor to its place. Where one is already, an error that names both. */
bool inputs_put_tensor(struct tensor *to, struct tensor *tensor, const char *called, struct error *error);

/* Moves labels, which somebody gave by name, to their place. Where some are already, an error that names
 * both. */
bool inputs_put_labels(struct labels *to, struct labels *labels, const char *called, struct error *error);

/* Moves labels that came along with the rows or columns of a table. Those that are there already stay; a
 * warning says so where they differ. */
void inputs_offer_labels(struct labels *to, struct labels *labels, const char *called,
                         struct warnings *warnings);

#endif
