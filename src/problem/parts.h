/*
 * Layers of different size, such as those of a U-Net: the inputs are cut into parts, runs of layers that agree in
 * queries, keys, heads, columns and tokens, and each part makes a problem of its own.
 */
#ifndef ATTN_PROBLEM_PARTS_H
#define ATTN_PROBLEM_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"

/*
 * Cuts inputs that problem_prepare has prepared. *parts is a list of *count inputs, most often of one; the list is the
 * caller's to free, while all that its members point to belongs to `inputs`. A layer that reads the output of the one
 * below is always in its part; idle layers are in none. Errors: no memory.
 */
bool inputs_part(struct inputs **parts, size_t *count, const struct inputs *inputs, struct error *error);

#endif
