/* attn stats --dtw: when each token is spoken (compute/token_times.h) as a sheet. */
#ifndef ATTN_CMD_SHEET_TIMES_H
#define ATTN_CMD_SHEET_TIMES_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/computation.h"
#include "cmd/options.h"
#include "cmd/stats_sheet.h"
#include "write/sheet.h"

/* ERROR_USAGE for a width that is even. */
bool sheet_times_plan(struct sheet *sheet, const struct sheet_options *own, struct error *error);
/* Errors: those of token_times_find and selection_check; layers of different size; no memory. */
bool sheet_times_fill(struct sheet *sheet, struct computation *computation, const struct options *options,
                      const struct sheet_options *own, struct error *error);

#endif
