/* Which layers and heads of a computation are chosen, by --layer, --head and --pick. */
#ifndef ATTN_CMD_COMPUTATION_PICK_H
#define ATTN_CMD_COMPUTATION_PICK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/computation.h"

/* The heads that --pick names, which is there, before computation_select; the caller frees *list. Errors: those of selection_pick. */
bool computation_pick(struct head_place **list, size_t *count, const struct computation *computation,
                      const struct options *options, struct error *error);

/* Chooses `count` heads, with the values of a measure where they were picked by one, or else whole layers: puts the parts in the order
 * in which their layers are chosen, and frees those of which none is. Errors: no memory. */
bool computation_take_heads(struct computation *computation, const size_t *layers,
                            const struct head_place *picked, const double *values, size_t count,
                            struct error *error);
/* Chooses what the command line names. Errors: those of selection_pick and selection_list. */
bool computation_take_listed(struct computation *computation, const struct options *options,
                             struct error *error);

#endif
