/* The layers of a model that was opened, put into inputs. */
#ifndef ATTN_READ_MODEL_LAYERS_H
#define ATTN_READ_MODEL_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "read/model.h"

/*
 * Puts the layers with these numbers (NULL: all) into inputs, each with embeddings of its own: those of the inputs, which
 * they borrow. Other layers become idle. What the inputs and the command line (`over`) say of settings and tensors holds.
 * Errors: ERROR_INPUT for a tensor that is missing or of a wrong shape, for inputs without embeddings, and a number of heads
 * that nobody says; no memory.
 */
bool model_put(struct model *model, struct inputs *inputs, const struct settings *over, const size_t *layers,
               size_t count, struct error *error);

#endif
