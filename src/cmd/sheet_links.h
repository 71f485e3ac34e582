/* attn stats --links: how well heads align two sentences (compute/alignment_scores.h) as a sheet. */
#ifndef ATTN_CMD_SHEET_LINKS_H
#define ATTN_CMD_SHEET_LINKS_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/computation.h"
#include "cmd/options.h"
#include "cmd/stats_sheet.h"
#include "write/sheet.h"

void sheet_links_plan(struct sheet *sheet, const struct sheet_options *own);
/* Errors: those of links_read; layers of different size; no memory. */
bool sheet_links_fill(struct sheet *sheet, struct computation *computation, const struct options *options,
                      const struct sheet_options *own, struct error *error);

#endif
