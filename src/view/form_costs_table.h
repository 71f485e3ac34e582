/* What forms of attention cost, as a table. */
#ifndef ATTN_VIEW_FORM_COSTS_TABLE_H
#define ATTN_VIEW_FORM_COSTS_TABLE_H

#include "base/out.h"
#include "compute/form_costs.h"

/* Writes a line for each form, and what share of the products of full attention it has. */
void form_costs_table(const struct form_costs *costs, struct out *out);

#endif
