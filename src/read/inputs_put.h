/* Puts tensors and labels into inputs, each only once. For all readers. */
#ifndef ATTN_READ_INPUTS_PUT_H
#define ATTN_READ_INPUTS_PUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"

/* Moves a tensor to its place in the inputs. An error, with both places, where one is there already. */
bool inputs_put_tensor(struct tensor *to, struct tensor *tensor, const char *called, struct error *error);

/* Warns where a matrix that nobody named, and that is taken for embeddings, looks like weights: it is square, no number
 * is below 0, its rows sum to 1, and it is more than zeros and ones. */
void inputs_warn_weights(const struct tensor *embeddings, struct warnings *warnings);

/* The place of query 0 among the keys where there are more keys than queries in the mask of the steps of a generation: what
 * came before the first step was cached. Does nothing where a place is known. Errors: no memory. */
bool inputs_put_steps_offset(struct inputs *inputs, const struct tensor *mask, struct error *error);

/* Moves the numbers of the tokens to the inputs. An axis of 1 in front is left out; a longer one, of a batch, stays. Errors:
 * ERROR_INPUT for another shape, or where some are there already. */
bool inputs_put_ids(struct inputs *inputs, struct tensor *ids, struct error *error);

/* Moves labels that were given by name to their place in the inputs. An error, with both places, where some
 * are there already. labels_free in any case. */
bool inputs_put_labels(struct labels *to, struct labels *labels, const char *called, struct error *error);

/* Moves labels that came with the rows or columns of a table to their place in the inputs. Where some are
 * there already, these stay, with a warning if they differ. labels_free in any case. */
void inputs_offer_labels(struct labels *to, struct labels *labels, const char *called,
                         struct warnings *warnings);

#endif
