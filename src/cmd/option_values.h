/*
 * Arguments of options: each function reads one kind of argument into the value of a row (cmd/option.h), whose
 * type it names. Errors: ERROR_USAGE that names the option and says what was expected.
 */
#ifndef ATTN_CMD_OPTION_VALUES_H
#define ATTN_CMD_OPTION_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/option.h"
#include "compute/selection.h"

/* A list of numbers and ranges like "0,3,5:8" or "-1"; owned. */
struct span_list {
    struct index_span *span; /* compute/selection.h */
    size_t count;
};

/* A list of heads like "5.1,8.10" or "7.*"; owned. */
struct pick_list {
    struct pick_span *span; /* compute/selection.h */
    size_t count;
};

/* The numbers from `first` up to, not with, `end`; 0: to the last. */
struct index_range {
    size_t first, end;
};

/* The arguments of an option that may be repeated, in their order. The list is owned, the strings are not. */
struct string_list {
    const char **text;
    size_t count;
};

option_parser value_flag;      /* bool: true */
option_parser value_string;    /* const char *: as it is */
option_parser value_utf8;      /* const char *: UTF-8 */
option_parser value_file;      /* const char *: a file name, given once */
option_parser value_strings;   /* struct string_list: one more */
option_parser value_word;      /* int: row->least + the place among row->words */
option_parser value_word_text; /* const char *: one of row->words */
option_parser value_stage;     /* unsigned: the bit of the place among row->words is set */
option_parser value_stage_bit; /* unsigned: bit row->least is set; no argument */
option_parser value_average;   /* unsigned: a bit for each of "heads,layers": its place among row->words */
option_parser value_annotate;  /* enum annotate; left out: on */
option_parser value_words;     /* int: enum words_from; left out: pieces */
option_parser value_count;     /* size_t from row->least to row->most */
option_parser value_pixels;    /* size_t from 1 to 32767 */
option_parser value_number;    /* double from row->least to row->most */
option_parser value_bound;     /* float */
option_parser value_top;       /* float; "auto": NaN */
option_parser value_list;      /* struct span_list: numbers from -4096 to 4095, and ranges of them */
option_parser value_picks;     /* struct pick_list: two of value_list with a dot between them; *: all */
option_parser value_range;     /* struct index_range: "A:B", "A:", ":B" or "A" (one alone) */
option_parser value_pair;      /* size_t[2]: "14,16", each from 1 to 1048576 */
option_parser value_page;      /* size_t[2]: "1920x1080", each from 1 to 32767 */
option_parser value_size;      /* size_t: "1000000", "16Mi", "4G": binary multiples, with or without an i */
option_parser value_setting;   /* struct settings: setting row->least */

#endif
