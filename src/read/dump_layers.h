/* Arrays a layer, and a step of a generation, to inputs. */
#ifndef ATTN_READ_DUMP_LAYERS_H
#define ATTN_READ_DUMP_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

#include "read/dump_found.h"

/* Lists the numbers of the layers, each once, in their order, in dump->layers, which the caller frees. Errors: a layer beyond
 * those that attn wrote about, no memory. */
bool dump_list_layers(struct dump *dump);
/* The place of a layer's number among those of the layers. */
size_t dump_layer_index(const struct dump *dump, size_t number);
/* Puts the arrays of layers, of which there is one, into inputs. Errors: layers or steps that do not go together, arrays that cannot
 * be read. */
bool dump_put_layers(const struct dump *dump);

#endif
