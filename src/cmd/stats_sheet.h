/* The sheet that attn stats gives in the place of its own measures: from options to its numbers. */
#ifndef ATTN_CMD_STATS_SHEET_H
#define ATTN_CMD_STATS_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/out.h"
#include "cmd/answer.h"
#include "cmd/computation.h"
#include "cmd/options.h"
#include "cmd/stats_options.h"
#include "write/sheet.h"

/* Whether a sheet is asked for. */
bool stats_sheet_is_wanted(const struct sheet_options *own);

/* Sets the columns, if a sheet is asked for. ERROR_USAGE for options that do not go together, and a column to sort by that there
 * is not. */
bool stats_sheet_plan(struct sheet *sheet, const struct options *options, const struct stats_options *own,
                      enum answer_format format, struct error *error);

/* What the sheet needs of the result; between computation_begin and computation_select. */
void stats_sheet_request(struct computation *computation, const struct sheet_options *own);

/* Fills the sheet from what was computed. Errors: those of its kind. */
bool stats_sheet_fill(struct sheet *sheet, struct computation *computation, const struct options *options,
                      const struct stats_options *own, struct error *error);

/* Errors: those of the picture of its kind. */
bool stats_sheet_write(struct out *out, const struct sheet *sheet, const struct options *options,
                       const struct answer *answer, struct error *error);

#endif
