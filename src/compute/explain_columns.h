/* The numbers of an explanation by their names: those that each key has, and those that belong to no key. */
#ifndef ATTN_COMPUTE_EXPLAIN_COLUMNS_H
#define ATTN_COMPUTE_EXPLAIN_COLUMNS_H

#include <stdbool.h>

#include "base/error.h"
#include "compute/explain_steps.h"

/* Adds the facts, in the order of the JSON. */
void explain_facts_add(struct explain_steps *steps, const struct explanation *explanation);

/* Adds the columns, in the order of the table and of the JSON. Errors: no memory. */
bool explain_columns_add(struct explain_steps *steps, const struct explanation *explanation,
                         struct error *error);

#endif
