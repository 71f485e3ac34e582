/* An array to a tensor of the inputs: its batch, the order of its axes, scores that become weights. */
#ifndef ATTN_READ_DUMP_ARRAY_H
#define ATTN_READ_DUMP_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

#include "read/dump_found.h"
#include "tensor/array.h"
#include "tensor/tensor.h"

/* Of layers×batch×heads×n×m, as stacked attentions of Hugging Face, takes the sequence that is wanted. */
bool dump_take_of_batch(const struct dump *dump, struct array *array, enum input input);
/* Leaves of an array of a layer no batch, and its heads first. It is loaded where one of a batch is chosen. */
bool dump_order_axes(const struct dump *dump, const struct dump_found *found, struct array *array);
/* The tensor of an array. The numbers of weights stay in the file until they are chosen. `layer`: SIZE_MAX for all. */
bool dump_tensor(const struct dump *dump, struct tensor *tensor, const struct array *array, enum input input,
                 size_t layer);
/* The softmax of each row, in memory of the tensor's own: the file may have the same numbers under another name. Masked pairs
 * are -infinity. */
bool dump_weigh_rows(struct tensor *tensor, struct error *error);

/* Puts an array of all layers, or a part of it, into inputs. */
bool dump_put_array(const struct dump *dump, const struct dump_found *found, const struct array *array);
/* Puts the array that was chosen, or a part of it, whose name says what it is; one of a layer is then the only one. */
bool dump_put_named(const struct dump *dump, const struct dump_found *found, const struct array *array);
/* Puts the numbers of the tokens, beside other things. */
bool dump_put_ids(const struct dump *dump);

#endif
