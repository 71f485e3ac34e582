/* Given weights whose numbers were left in their file when it was read: only those that are chosen are fetched. */
#ifndef ATTN_PROBLEM_DEFERRED_H
#define ATTN_PROBLEM_DEFERRED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"

/* Some layers and heads, by their numbers; NULL: all. */
struct deferred_choice {
    const size_t *layers, *heads;
    size_t layer_count, head_count;
};

/* Notes that the numbers of a tensor of weights, whose data are zeros until then, will be those of the array. `layer` is the
 * one it belongs to; SIZE_MAX: to all, with an axis for layers in front if its rank is 4. The archive is one of the inputs'.
 * Errors: no memory. */
bool deferred_add(struct inputs *inputs, struct archive *archive, const struct array *array, float *data,
                  size_t layer, struct error *error);

/* How many layers, and how many heads, all deferred weights have; 0: they differ, or there are none. */
size_t deferred_layers(const struct inputs *inputs);
size_t deferred_heads(const struct inputs *inputs);

/* Fetches the first matrix of the tensor with these data, if they are deferred: enough to tell what it is. */
bool deferred_fetch_first(struct inputs *inputs, const float *data, struct error *error);

/* Fetches what is chosen (NULL: everything), once: other weights stay 0. To be called before numbers are looked at. Errors:
 * ERROR_INPUT for a file that is damaged there; no memory. */
bool deferred_fetch(struct inputs *inputs, const struct deferred_choice *choice, struct error *error);

#endif
