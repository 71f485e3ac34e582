/* What another order of tokens changed, as a field of the JSON of a run. */
#ifndef ATTN_WRITE_ORDER_JSON_H
#define ATTN_WRITE_ORDER_JSON_H

#include "base/out.h"
#include "compute/ordering.h"

/* Writes ,"order":{…}. */
void order_json(struct out *out, const struct ordering *ordering);

#endif
