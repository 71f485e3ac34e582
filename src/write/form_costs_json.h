/* The JSON of what forms of attention cost. */
#ifndef ATTN_WRITE_FORM_COSTS_JSON_H
#define ATTN_WRITE_FORM_COSTS_JSON_H

#include "base/out.h"
#include "compute/form_costs.h"

/* One object: schema attn-cost/1 (docs/attn-cost.schema.json). */
void write_form_costs(const struct form_costs *costs, struct out *out);

#endif
