/*
 * The command line. One table describes every option; getopt_long, --help, the completions and the check of
 * the man page all read it.
 */
#ifndef ATTN_CMD_OPTIONS_H
#define ATTN_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/command.h"
#include "figure/heatmap.h"
#include "problem/inputs.h"
#include "view/patch_view.h"

/* Bits for the commands that take an option. */
enum { FOR_RUN = 1, FOR_EXPLAIN = 2, FOR_SAMPLE = 4, FOR_HELP = 8 };
enum { FOR_COMPUTE = FOR_RUN | FOR_EXPLAIN, FOR_ALL = FOR_COMPUTE | FOR_SAMPLE | FOR_HELP };

struct option_kind {
    const char *name;     /* without dashes */
    char letter;          /* 0: none */
    const char *argument; /* NULL: none; "[…]": may be left out, and then needs a '=' */
    const char *words;    /* what the argument may be, separated by blanks; "FILE": a file name; NULL: free */
    const char *group;    /* heading in --help */
    const char *help;
    unsigned commands;
    int id; /* of option_ids.h */
};

enum { OPTIONS_MAX = 160 }; /* there are no more rows */

/* The table, `*count` long; the options of a group stand together. */
const struct option_kind *options_table(size_t *count);

enum format { FORMAT_AUTO, FORMAT_JSON, FORMAT_CSV, FORMAT_TABLE, FORMAT_NONE };

/* A list of numbers from 0 like "0,3,5:8". */
struct index_list {
    size_t *index;
    size_t count;
};

/* A word behind an option whose argument may be left out, and was: it is an operand, and could be that. */
struct loose {
    const char *word;
    const struct option_kind *kind;
};
enum { LOOSE_MAX = 8 };

/* What the command line said. Strings are borrowed from argv; lists are owned. */
struct options {
    const char **operands;
    size_t operand_count;
    struct loose loose[LOOSE_MAX]; /* the first of them */
    size_t loose_count;
    const char *input_format;
    const char *input_files[INPUT_COUNT];
    const char *tokens_file, *key_tokens_file;
    struct settings settings;
    unsigned stages; /* bits of those asked for */
    const char **outputs;
    size_t output_count;
    enum format format;
    size_t max_weights, memory; /* memory 0: a part of the machine's */
    const char *cpu;            /* NULL: the best */
    int threads;
    bool quiet, verbose, help, version;
    struct index_list layers, heads;
    size_t query_first, query_end, key_first, key_end; /* end 0: to the last */
    bool average_heads;
    const char *title, *completion;
    struct drawing_style style;
    struct patch_options patch;
    const char *query; /* of explain: a number or a token; NULL: the last */
    size_t rows;       /* of explain: keys shown */
    bool as_json;      /* of explain */
};

/* Reads argv[1…] for a command. Errors are ERROR_USAGE and name the option. Freed by options_free in any
 * case. */
bool options_parse(struct options *options, const struct command *command, int argc, char **argv,
                   struct error *error);
void options_free(struct options *options);

#endif
