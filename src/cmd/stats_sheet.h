/*
 * What attn stats gives in the place of its own measures, from weights that are held: a sheet of numbers (write/sheet.h). The
 * options that ask for it, and the way from a result to the sheet.
 */
#ifndef ATTN_CMD_STATS_SHEET_H
#define ATTN_CMD_STATS_SHEET_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/computation.h"
#include "cmd/options.h"
#include "write/sheet.h"

/* As the command line gave them. */
struct sheet_options {
    int definition;    /* 1 + enum definition; 0: none */
    int error_measure; /* 1 + enum error_measure; 0: not said */
    bool exclude_bos, exclude_current_token;
    double epsilon;    /* NaN: not said */
    size_t patch_size; /* 0: not said */
    const char *links; /* a file of gold links; NULL: none */
    size_t links_first;
    size_t links_line; /* from 0; SIZE_MAX: not said */
    bool links_reverse;
    bool apc, dtw;
    double seconds_per_key; /* NaN: not said */
    size_t median_width;    /* 0: not said */
};

/* What they begin as. */
#define SHEET_OPTIONS_DEFAULT                                                                                \
    {                                                                                                        \
        .epsilon = (double)NAN, .links_line = SIZE_MAX, .seconds_per_key = (double)NAN                       \
    }

/* How the rows are sorted and cut. */
struct sheet_order {
    const char *sort; /* a column, with a minus in front for rising order; NULL: as the rows come */
    size_t best;      /* rows; 0: all */
};

/* Whether a sheet is asked for. */
bool stats_sheet_is_wanted(const struct sheet_options *own);

/* Sets the columns, if a sheet is asked for. ERROR_USAGE for options that do not go together, and a column to sort by that there
 * is not. */
bool stats_sheet_plan(struct sheet *sheet, const struct options *options, const struct sheet_options *own,
                      const struct sheet_order *order, struct error *error);

/* What the sheet needs of the result; between computation_begin and computation_select. */
void stats_sheet_request(struct computation *computation, const struct sheet_options *own);

/* Fills the sheet from what was computed. Errors: those of cmd/sheet_definition.h, sheet_links.h, sheet_times.h and
 * sheet_contacts.h. */
bool stats_sheet_fill(struct sheet *sheet, struct computation *computation, const struct options *options,
                      const struct sheet_options *own, const struct sheet_order *order, struct error *error);

#endif
