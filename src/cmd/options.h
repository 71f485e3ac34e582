/* The values of the options that commands share, as the command line gave them. */
#ifndef ATTN_CMD_OPTIONS_H
#define ATTN_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"
#include "cmd/command.h"
#include "cmd/option_values.h"
#include "figure/font_file.h"
#include "figure/heatmap.h"
#include "problem/inputs.h"
#include "view/patch_view.h"

/* Files beside the operands, and the settings of the computation, which win over those of the files. */
struct input_options {
    const char *projections; /* a model's weights; NULL: none */
    const char *config, *profile;
    const char *format;             /* one of reader_words; NULL: told by the content */
    int header;                     /* enum read_header, of tables and lists of tokens */
    int part;                       /* enum dump_part; 0: not said */
    const char *files[INPUT_COUNT]; /* NULL: not given */
    const char *tokens_file, *key_tokens_file;
    const char *dtype; /* of raw bytes in arrays; NULL: not said */
    bool raw_tokens;
    const char *ids;       /* "1,403,407"; NULL: those of the files */
    const char *tokenizer; /* NULL: none */
    bool transpose;        /* given weights are keys × queries */
    bool has_batch;        /* one sequence of a batch is wanted: */
    size_t batch;          /* its number */
    /* One line of a file of lines, in JSON, in the place of the operands; who reads takes it over. NULL: none. */
    struct source *line;
    const char *text;     /* words whose rows are taken from a file of word vectors; NULL: none */
    const char *order;    /* "2,1,0": the tokens in another order; NULL: as they are */
    bool has_shuffle;     /* in one by chance: */
    size_t shuffle;       /* its seed */
    const char *title;    /* NULL: that of the files */
    size_t patch_grid[2]; /* 0: that of the files */
    struct settings settings;
};

/* How to compute. */
struct engine_choice {
    const char *cpu; /* NULL: as ATTN_CPU says, or the best */
    size_t threads;  /* 0: one a processor */
    size_t max_weights;
    size_t memory; /* bytes; 0: a part of the machine's */
};

/* Which part of a result to keep; empty lists and ranges: all. */
struct selection_options {
    struct span_list layers, heads;
    struct pick_list picks;
    struct index_range queries, keys;
    const char *sort; /* a measure, with a minus in front for rising order; NULL: as they are chosen */
    size_t best;      /* 0: all */
    int words;        /* enum words_from */
    struct string_list leave_out; /* names of tokens */
    bool renormalize;
    unsigned average; /* bits 1 << the place of heads or layers among the words of --average */
};

enum printed_format { FORMAT_AUTO, FORMAT_JSON, FORMAT_CSV, FORMAT_TABLE, FORMAT_NONE };

/* What to write, and where. */
struct output_options {
    struct string_list paths;
    const char *measures;      /* the path of the measures; NULL: none */
    int format;                /* enum printed_format, of standard output */
    int masked_nan;            /* a truth value: masked pairs are NaN in CSV and NPY */
    unsigned stages;           /* bits 1 << STAGE_… */
    bool steps;                /* pictures are one figure of all steps */
    struct string_list versus; /* options of variants that are shown beside what is computed */
};

/* An option that was given: its row, and its argument (NULL: none). */
struct given_option {
    struct option_row row;
    const char *text;
};

/* Strings are borrowed from argv; lists are owned. */
struct options {
    const char **operands;
    size_t operand_count;
    int argc; /* the words that were read, argv[0] aside; borrowed */
    char **argv;
    char *line; /* these words as a shell takes them, for METADATA_COMMAND, else NULL; owned */
    bool quiet, verbose, help, version;
    struct input_options input;
    struct engine_choice engine;
    struct selection_options selection;
    struct output_options output;
    struct drawing_style style;
    const char *font_path; /* NULL: none */
    struct font_file font; /* the file, once it has been read: style.font; owned */
    struct patch_options patch;
    const struct command *command; /* whose rows were read; NULL: none yet */
    struct given_option *given;    /* all that were given, in their order */
    size_t given_count;
    void *own; /* the command's own options, command->own_size bytes; owned, with the lists in them */
};

/* Reads argv[1…] by the rows of a command. Errors are ERROR_USAGE and name the option. Freed by options_free in
 * any case. */
bool options_parse(struct options *options, const struct command *command, int argc, char **argv,
                   struct error *error);
/* Reads the words of another list, argv[1…], over what options_parse has read: they win. Operands are added. */
bool options_add(struct options *options, int argc, char **argv, struct error *error);
/* Those of the given options that say what is computed (option_computes), as a shell takes them: "--scale 1"; "" where there are none.
 * The caller frees it. NULL without memory. */
char *options_computing(const struct options *options, struct error *error);
void options_free(struct options *options);

#endif
