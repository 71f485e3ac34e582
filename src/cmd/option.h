/*
 * Options as rows of tables. A row says how an option is called, what it takes, where its value goes and which
 * function reads it; a group is a table under one heading of --help; a command lists its groups
 * (cmd/command.h). Reading the command line, --help and the completions all go by these rows.
 */
#ifndef ATTN_CMD_OPTION_H
#define ATTN_CMD_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct command;
struct option_row;

/* Reads `text` (NULL: the argument was left out) into *value; cmd/option_values.h has them. Errors: ERROR_USAGE
 * that names the option, no memory. */
typedef bool option_parser(const struct option_row *row, void *value, const char *text, struct error *error);

struct option_row {
    const char *name;     /* without dashes */
    char letter;          /* 0: none */
    const char *argument; /* NULL: none; "[…]": may be left out, and then needs a '=' */
    const char *words;    /* the words that the argument may be, separated by blanks; NULL: free */
    bool is_file;         /* the argument names a file */
    const char *help;
    const char *listed; /* names that --help adds to `help`, separated by blanks; NULL: none */
    option_parser *parse;
    bool is_own;           /* the value lies in the command's own options, else in struct options */
    size_t at;             /* offset of the value */
    size_t given;          /* offset of a bool there that becomes true; 0: none */
    long long least, most; /* for parsers of numbers: bounds; of words: what the first one stands for */
};

/* Rows under a heading. Groups of one heading that follow each other are printed under it together. */
struct option_group {
    const char *heading;
    const struct option_row *rows;
    size_t count;
};

#define OPTION_GROUP(heading, rows)                                                                          \
    {                                                                                                        \
        heading, rows, sizeof(rows) / sizeof *(rows)                                                         \
    }
/* Where the value of a row lies: a member of struct options, or of the command's own struct. */
#define OPTION_AT(member) .at = offsetof(struct options, member)
#define OPTION_OWN(type, member) .is_own = true, .at = offsetof(type, member)

#endif
