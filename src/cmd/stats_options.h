/* The options of attn stats, and what they ask for. */
#ifndef ATTN_CMD_STATS_OPTIONS_H
#define ATTN_CMD_STATS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/sheet_kind.h"
#include "compute/head_labels.h"
#include "compute/row_stats.h"

/* As the command line gave them. */
struct stats_options {
    const char *sort; /* a measure, with a minus in front for rising order; NULL: by layer and head */
    size_t best;      /* heads that are shown; 0: all */
    int format;       /* enum answer_format */
    const char *output;
    const char *measure; /* of a picture */
    bool per_row;
    bool data_set;   /* every operand, and every line of a .jsonl, is an input of its own */
    size_t max_rows; /* that may be held; 0: the default */
    struct label_thresholds thresholds; /* 0: the default */
    struct sheet_options sheet;         /* what is asked for in the place of the measures */
};

#endif
