/*
 * What attn stats gives in the place of its own measures, from weights that are held: a sheet of numbers (write/sheet.h), of one of
 * these kinds. Each is defined in a file of its own.
 */
#ifndef ATTN_CMD_SHEET_KIND_H
#define ATTN_CMD_SHEET_KIND_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/computation.h"
#include "cmd/options.h"
#include "paint/painter.h"
#include "write/sheet.h"

/* The options of all kinds, as the command line gave them. */
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
    bool apc, dtw, similar, patterns;
    double budget;          /* NaN: not said */
    size_t pattern_block;   /* 0: not said */
    double seconds_per_key; /* NaN: not said */
    size_t median_width;    /* 0: not said */
};

/* What they begin as. */
#define SHEET_OPTIONS_DEFAULT                                                                                \
    {                                                                                                        \
        .epsilon = (double)NAN, .links_line = SIZE_MAX, .seconds_per_key = (double)NAN,                      \
        .budget = (double)NAN                                                                                \
    }

struct sheet_kind {
    const char *option;          /* that asks for it */
    bool takes_range;            /* --queries and --keys */
    bool takes_average;          /* --average */
    bool range_is_of_the_result; /* that of the weights is whole */
    bool (*is_wanted)(const struct sheet_options *own);
    /* ERROR_USAGE for options of the kind that do not go together, or are there without it. NULL: there are none. */
    bool (*check)(const struct sheet_options *own, struct error *error);
    /* Sets the fields and columns. */
    void (*plan)(struct sheet *sheet, const struct sheet_options *own);
    /* Makes the rows from what was computed. Errors: what the input lacks for it; no memory. */
    bool (*fill)(struct sheet *sheet, struct computation *computation, const struct options *options,
                 const struct sheet_options *own, struct error *error);
    /* Paints a picture of the sheet. Errors: those of the painter. NULL: there is none. */
    bool (*draw)(struct out *out, const struct sheet *sheet, const struct drawing_style *style,
                 const struct painter *painter, struct error *error);
};

/* X(NAME) for each. */
#define SHEET_KINDS(X) X(definition) X(links) X(times) X(contacts) X(similar) X(patterns)

#define SHEET_KIND_DECLARE(name) extern const struct sheet_kind sheet_##name;
SHEET_KINDS(SHEET_KIND_DECLARE)
#undef SHEET_KIND_DECLARE

#endif
