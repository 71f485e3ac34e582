/* Rows of options that several commands have in groups of their own, with the same words. Each is an initializer of struct
 * option_row. */
#ifndef ATTN_CMD_OPTION_ROWS_H
#define ATTN_CMD_OPTION_ROWS_H

#include "cmd/answer.h"
#include "cmd/option.h"
#include "cmd/option_values.h"
#include "cmd/options.h"
#include "cmd/output_format.h"

#define OPTION_ROW_LAYERS                                                                                    \
    {                                                                                                        \
        .name = "layer", .argument = "LIST", .help = "only these layers, as 0,3,5:8; -1 is the last",        \
        .parse = value_list, OPTION_AT(selection.layers)                                                     \
    }
#define OPTION_ROW_HEADS                                                                                     \
    {                                                                                                        \
        .name = "head", .argument = "LIST", .help = "only these heads; -1 is the last", .parse = value_list, \
        OPTION_AT(selection.heads)                                                                           \
    }

#define OPTION_ROW_PICKS                                                                                     \
    {                                                                                                        \
        .name = "pick", .argument = "LIST",                                                                  \
        .help = "only these heads, by layer and head, in this order, as 5.1,8.10; 7.*: all of layer 7",      \
        .parse = value_picks, OPTION_AT(selection.picks)                                                     \
    }

#define OPTION_ROW_LEAVE_OUT                                                                                 \
    {                                                                                                        \
        .name = "leave-out", .argument = "TOKENS|first|special",                                             \
        .help = "show and measure without these tokens, as [CLS],[SEP] or 0,5; first: key 0; special: "      \
                "[CLS], <s>, …",                                                                             \
        .parse = value_strings, OPTION_AT(selection.leave_out)                                               \
    }

#define OPTION_ROW_RENORMALIZE                                                                               \
    {                                                                                                        \
        .name = "renormalize", .help = "divide each row by what --leave-out leaves of it",                   \
        .parse = value_flag, OPTION_AT(selection.renormalize)                                                \
    }

#define OPTION_ROW_FONT                                                                                      \
    {                                                                                                        \
        .name = "font", .argument = "FILE", .is_file = true,                                                 \
        .help = "a TrueType or OpenType font (TTF, OTF, TTC) for labels that the built-in fonts lack",       \
        .parse = value_file, OPTION_AT(font_path)                                                            \
    }

/* Of an int, enum answer_format, in the command's own options. */
#define OPTION_ROW_FORMAT(type, member)                                                                      \
    {                                                                                                        \
        .name = "format", .argument = "FORMAT", .words = answer_formats,                                     \
        .help = "of what is printed (default: a table on a terminal, else json):", .listed = answer_formats, \
        .parse = value_word, .least = ANSWER_TABLE, OPTION_OWN(type, member)                                 \
    }

/* Of the path of an answer. */
#define OPTION_ROW_OUTPUT(type, member)                                                                      \
    {                                                                                                        \
        .name = "output", .letter = 'o', .argument = "FILE", .is_file = true,                                \
        .help = "the file to write (default: standard output). Endings:", .listed = output_answers,          \
        .parse = value_file, OPTION_OWN(type, member)                                                        \
    }

#endif
