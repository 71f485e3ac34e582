/* attn stats --definition: the measures of others (compute/definitions.h) as a sheet. */
#ifndef ATTN_CMD_SHEET_DEFINITION_H
#define ATTN_CMD_SHEET_DEFINITION_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/computation.h"
#include "cmd/stats_sheet.h"
#include "write/sheet.h"

/* ERROR_USAGE for a choice of one definition beside another, or none. */
bool sheet_definition_check(const struct sheet_options *own, struct error *error);
void sheet_definition_plan(struct sheet *sheet, const struct sheet_options *own);
/* Errors: those of definition_begin and definition_measure; layers of different size with clark2019; no memory. */
bool sheet_definition_fill(struct sheet *sheet, struct computation *computation,
                           const struct sheet_options *own, struct error *error);

#endif
