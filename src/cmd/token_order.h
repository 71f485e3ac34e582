/* --order and --shuffle: tokens change places before anything is computed. */
#ifndef ATTN_CMD_TOKEN_ORDER_H
#define ATTN_CMD_TOKEN_ORDER_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/computation.h"
#include "cmd/options.h"

/* Whether tokens are to change places. */
bool token_order_is_asked(const struct options *options);
/* The option that asks for it. */
const char *token_order_option(const struct options *options);

/* Refuses what cannot be had beside it, before anything is read. Errors: ERROR_USAGE. */
bool token_order_check(const struct options *options, struct error *error);

/* Makes the problem of a part one of the changed order, where that is asked for. Errors: ERROR_USAGE for an order that is no permutation
 * of the tokens, and where there are several parts or weights were given; those of ordering_make. */
bool token_order_make(struct computation *computation, struct part *part, const struct options *options,
                      struct error *error);

/* Refuses what no comparison of the two orders can be made of: there is no output. Errors: ERROR_USAGE. */
bool token_order_compares(const struct computation *computation, struct error *error);

#endif
