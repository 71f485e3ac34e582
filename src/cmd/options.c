/* The table of options, and reading a command line by it. What an argument may be is option_values.c. */
#include "cmd/options.h"

#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/option_values.h"

enum {
    OPTION_TOKENS = 1,
    OPTION_KEY_TOKENS,
    OPTION_INPUT_FORMAT,
    OPTION_STAGE,
    OPTION_THREADS,
    OPTION_MAX_WEIGHTS,
    OPTION_OUTPUT,
    OPTION_FORMAT,
    OPTION_LAYER,
    OPTION_HEAD,
    OPTION_AVERAGE,
    OPTION_QUERIES,
    OPTION_KEYS,
    OPTION_TITLE,
    OPTION_CMAP,
    OPTION_COLOR_SCALE,
    OPTION_VMIN,
    OPTION_VMAX,
    OPTION_CELL,
    OPTION_WIDTH,
    OPTION_DPI_SCALE,
    OPTION_ANNOTATE,
    OPTION_POOL,
    OPTION_QUIET,
    OPTION_VERBOSE,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_COMPLETION,
    OPTION_INPUT = 100,   /* + enum input */
    OPTION_SETTING = 200, /* + enum setting */
};

#define INPUT_ROW(which, name, help)                                                                         \
    {                                                                                                        \
        name, 0, "FILE", "FILE", "Input", help, FOR_RUN, OPTION_INPUT + which                                \
    }
/* Named as the JSON key with '-' for '_'; what it takes and does is said by core/settings.c. */
#define SETTING_ROW(which, name, words)                                                                      \
    {                                                                                                        \
        name, 0, NULL, words, "Attention", NULL, FOR_RUN, OPTION_SETTING + which                             \
    }

static struct option_kind table[] = {
    INPUT_ROW(INPUT_Q, "q", "queries"),
    INPUT_ROW(INPUT_K, "k", "keys"),
    INPUT_ROW(INPUT_V, "v", "values"),
    INPUT_ROW(INPUT_EMBEDDINGS, "embeddings", "the sequence, one row a token"),
    INPUT_ROW(INPUT_CONTEXT, "context", "the other sequence, for cross-attention"),
    INPUT_ROW(INPUT_ATTENTION, "attention", "weights computed elsewhere"),
    INPUT_ROW(INPUT_MASK, "mask", "1 or true where a query may look"),
    INPUT_ROW(INPUT_BIAS, "bias", "numbers added to the scaled scores"),
    INPUT_ROW(INPUT_W_Q, "w-q", "projection to queries, y = x·W + b"),
    INPUT_ROW(INPUT_W_K, "w-k", "projection to keys"),
    INPUT_ROW(INPUT_W_V, "w-v", "projection to values"),
    INPUT_ROW(INPUT_W_O, "w-o", "projection of the output"),
    INPUT_ROW(INPUT_B_Q, "b-q", "bias of the projection to queries"),
    INPUT_ROW(INPUT_B_K, "b-k", "bias of the projection to keys"),
    INPUT_ROW(INPUT_B_V, "b-v", "bias of the projection to values"),
    INPUT_ROW(INPUT_B_O, "b-o", "bias of the projection of the output"),
    {"tokens", 0, "FILE", "FILE", "Input", "labels of the queries, one a line or a JSON list", FOR_RUN,
     OPTION_TOKENS},
    {"key-tokens", 0, "FILE", "FILE", "Input", "labels of the keys (default: the tokens)", FOR_RUN,
     OPTION_KEY_TOKENS},
    {"input-format", 0, "FORMAT", "json csv", "Input", "json or csv, whatever the file looks like", FOR_RUN,
     OPTION_INPUT_FORMAT},

    SETTING_ROW(SETTING_HEADS, "heads", NULL),
    SETTING_ROW(SETTING_KV_HEADS, "kv-heads", NULL),
    SETTING_ROW(SETTING_CAUSAL, "causal", "start end no"),
    SETTING_ROW(SETTING_SCALE, "scale", NULL),
    SETTING_ROW(SETTING_SOFTCAP, "softcap", NULL),
    SETTING_ROW(SETTING_WINDOW, "window", NULL),
    SETTING_ROW(SETTING_MASK_TRUE_BLOCKS, "mask-true-blocks", NULL),
    {"stage", 0, "STAGE", "scores scaled masked weights output q k v", "Attention",
     "what to draw and write instead of the weights: scores, scaled, masked, weights, output, q, k or v; may "
     "be repeated",
     FOR_RUN, OPTION_STAGE},
    {"threads", 0, "N", NULL, "Attention", "threads (default: one a processor); the results are the same",
     FOR_RUN, OPTION_THREADS},
    {"max-weights", 0, "N", NULL, "Attention", "most weights held in memory, over all heads (default 16Mi)",
     FOR_RUN, OPTION_MAX_WEIGHTS},

    {"output", 'o', "PATH", "FILE", "Output",
     "x.png, x.json, x.csv, x.npy, a folder (ending in /), or - for JSON on standard output; may be repeated "
     "(default: "
     "attn-out/)",
     FOR_RUN, OPTION_OUTPUT},
    {"format", 0, "FORMAT", "json csv table none", "Output",
     "what goes to standard output: json, csv, table or none (without -o: a table on a terminal, else JSON)",
     FOR_RUN, OPTION_FORMAT},
    {"layer", 0, "LIST", NULL, "Output", "only these layers, such as 0,3,5:8 (counted from 0)", FOR_RUN,
     OPTION_LAYER},
    {"head", 0, "LIST", NULL, "Output", "only these heads", FOR_RUN, OPTION_HEAD},
    {"average", 0, "heads", "heads", "Output", "the mean over the heads instead of each", FOR_RUN,
     OPTION_AVERAGE},
    {"queries", 0, "A:B", NULL, "Output", "only the queries from A up to, not with, B", FOR_RUN,
     OPTION_QUERIES},
    {"keys", 0, "A:B", NULL, "Output", "only the keys from A up to, not with, B", FOR_RUN, OPTION_KEYS},

    {"title", 0, "TEXT", NULL, "Picture", "caption", FOR_RUN, OPTION_TITLE},
    {"cmap", 0, "NAME", "viridis magma inferno plasma cividis gray RdBu_r coolwarm", "Picture",
     "colour map: viridis, magma, inferno, plasma, cividis, gray; RdBu_r or coolwarm for data with a sign",
     FOR_RUN, OPTION_CMAP},
    {"color-scale", 0, "SCALE", "linear log sqrt", "Picture", "linear, log or sqrt", FOR_RUN,
     OPTION_COLOR_SCALE},
    {"vmin", 0, "X", NULL, "Picture", "value of the lowest colour (weights: 0)", FOR_RUN, OPTION_VMIN},
    {"vmax", 0, "X", NULL, "Picture", "value of the highest colour (weights: 1)", FOR_RUN, OPTION_VMAX},
    {"cell", 0, "PIXELS", NULL, "Picture", "size of a cell", FOR_RUN, OPTION_CELL},
    {"width", 0, "PIXELS", NULL, "Picture", "most pixels the figure is wide; cells are pooled to fit",
     FOR_RUN, OPTION_WIDTH},
    {"dpi-scale", 0, "X", NULL, "Picture", "draw everything X times as large (2 for slides)", FOR_RUN,
     OPTION_DPI_SCALE},
    {"annotate", 0, "[auto|on|off]", "auto on off", "Picture", "values in the cells (auto: where they fit)",
     FOR_RUN, OPTION_ANNOTATE},
    {"pool", 0, "max|mean", "max mean", "Picture", "how cells are combined where there are more than pixels",
     FOR_RUN, OPTION_POOL},

    {"completion", 0, "SHELL", "bash zsh fish", "General", "print the completions for bash, zsh or fish",
     FOR_HELP, OPTION_COMPLETION},
    {"quiet", 'q', NULL, NULL, "General", "no warnings, no table, no progress", FOR_RUN, OPTION_QUIET},
    {"verbose", 'v', NULL, NULL, "General", "say what was taken for what, and how long it took", FOR_RUN,
     OPTION_VERBOSE},
    {"help", 'h', NULL, NULL, "General", "this help", FOR_ALL, OPTION_HELP},
    {"version", 0, NULL, NULL, "General", "version, libraries and fonts", FOR_ALL, OPTION_VERSION},
};
enum { TABLE_SIZE = sizeof table / sizeof *table };

const struct option_kind *options_table(size_t *count)
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (table[i].id < OPTION_SETTING)
            continue;
        table[i].argument = setting_kinds[table[i].id - OPTION_SETTING].argument;
        table[i].help = setting_kinds[table[i].id - OPTION_SETTING].help;
    }
    *count = TABLE_SIZE;
    return table;
}

static bool take_integer(int64_t *value, const char *text, int64_t least, int64_t most, const char *name,
                         const char *expected, struct error *error)
{
    if (text_to_integer(text, value) && *value >= least && *value <= most)
        return true;
    return value_wrong(name, text, expected, error);
}

static bool take_pixels(size_t *pixels, const char *text, const char *name, struct error *error)
{
    int64_t value;
    if (!take_integer(&value, text, 1, 32767, name, "a whole number of pixels from 1 to 32767", error))
        return false;
    *pixels = (size_t)value;
    return true;
}

static bool take_bound(float *bound, bool *has, const char *text, const char *name, struct error *error)
{
    double value;
    if (!text_to_number(text, &value) || value > 3e38 || value < -3e38)
        return value_wrong(name, text, "a number", error);
    *bound = (float)value;
    *has = true;
    return true;
}

/* One of the words in the table's row; its place among them in *which. */
static bool take_word(int *which, const char *text, const struct option_kind *kind, struct error *error)
{
    return value_word(which, text, kind->words, kind->name, error);
}

/* The name of a file that can be given once. */
static bool take_file(const char **file, const char *text, const struct option_kind *kind,
                      struct error *error)
{
    if (*file)
        return error_set(error, ERROR_USAGE, "--%s is given twice", kind->name);
    *file = text;
    return true;
}

static bool take(struct options *o, const struct option_kind *kind, const char *text, struct error *error)
{
    int word;
    int64_t number;
    if (kind->id >= OPTION_SETTING) {
        char called[40] = "--";
        strncat(called, kind->name, sizeof called - 3);
        return settings_take(&o->settings, (enum setting)(kind->id - OPTION_SETTING), text, called,
                             ERROR_USAGE, error);
    }
    size_t input = (size_t)(kind->id - OPTION_INPUT);
    if (kind->id >= OPTION_INPUT && input < INPUT_COUNT)
        return take_file(&o->input_files[input], text, kind, error);
    switch (kind->id) {
    case OPTION_TOKENS:
        return take_file(&o->tokens_file, text, kind, error);
    case OPTION_KEY_TOKENS:
        return take_file(&o->key_tokens_file, text, kind, error);
    case OPTION_INPUT_FORMAT:
        o->input_format = text;
        return take_word(&word, text, kind, error);
    case OPTION_STAGE:
        if (!take_word(&word, text, kind, error))
            return false;
        o->stages |= 1u << word;
        return true;
    case OPTION_THREADS:
        if (!take_integer(&number, text, 1, 1024, "threads", "a whole number from 1 to 1024", error))
            return false;
        o->threads = (int)number;
        return true;
    case OPTION_MAX_WEIGHTS:
        return value_size(&o->max_weights, text, "max-weights", error);
    case OPTION_OUTPUT:
        if (!memory_resize(&o->outputs, o->output_count + 1, sizeof *o->outputs, error))
            return false;
        o->outputs[o->output_count++] = text;
        return true;
    case OPTION_FORMAT:
        if (!take_word(&word, text, kind, error))
            return false;
        o->format = (enum format)(FORMAT_JSON + word);
        return true;
    case OPTION_LAYER:
        return value_list(&o->layers.index, &o->layers.count, text, "layer", error);
    case OPTION_HEAD:
        return value_list(&o->heads.index, &o->heads.count, text, "head", error);
    case OPTION_AVERAGE:
        o->average_heads = true;
        return take_word(&word, text, kind, error);
    case OPTION_QUERIES:
        return value_range(&o->query_first, &o->query_end, text, "queries", error);
    case OPTION_KEYS:
        return value_range(&o->key_first, &o->key_end, text, "keys", error);
    case OPTION_TITLE:
        o->title = text;
        return true;
    case OPTION_CMAP:
        o->style.cmap = text;
        return take_word(&word, text, kind, error);
    case OPTION_COLOR_SCALE:
        if (!take_word(&word, text, kind, error))
            return false;
        o->style.scale = (enum color_scale)word;
        return true;
    case OPTION_VMIN:
        return take_bound(&o->style.vmin, &o->style.has_vmin, text, "vmin", error);
    case OPTION_VMAX:
        return take_bound(&o->style.vmax, &o->style.has_vmax, text, "vmax", error);
    case OPTION_CELL:
        return take_pixels(&o->style.cell, text, "cell", error);
    case OPTION_WIDTH:
        return take_pixels(&o->style.width, text, "width", error);
    case OPTION_DPI_SCALE:
        if (!text_to_number(text, &o->style.dpi_scale) ||
            !(o->style.dpi_scale >= 1 && o->style.dpi_scale <= 8))
            return value_wrong("dpi-scale", text, "a number from 1 to 8", error);
        return true;
    case OPTION_ANNOTATE:
        word = ANNOTATE_ON;
        if (text && !take_word(&word, text, kind, error))
            return false;
        o->style.annotate = (enum annotate)word;
        return true;
    case OPTION_POOL:
        if (!take_word(&word, text, kind, error))
            return false;
        o->style.pool = (enum pool)word;
        return true;
    case OPTION_COMPLETION:
        o->completion = text;
        return take_word(&word, text, kind, error);
    case OPTION_QUIET:
        o->quiet = true;
        return true;
    case OPTION_VERBOSE:
        o->verbose = true;
        return true;
    case OPTION_HELP:
        o->help = true;
        return true;
    case OPTION_VERSION:
        o->version = true;
        return true;
    }
    return false;
}

/* What getopt_long did not understand, with a suggestion. */
static bool unknown(const char *word, int letter, const struct command *command, struct error *error)
{
    const char *names[TABLE_SIZE + 1];
    size_t count = 0;
    for (size_t i = 0; i < TABLE_SIZE; i++)
        if (table[i].commands & command->mark)
            names[count++] = table[i].name;
    names[count] = NULL;

    if (letter)
        return error_set(error, ERROR_USAGE, "unknown option -%c; see attn %s --help", letter, command->name);
    char name[64];
    size_t length = strcspn(word + 2, "=");
    if (length >= sizeof name)
        length = sizeof name - 1;
    memcpy(name, word + 2, length);
    name[length] = 0;
    size_t begins = 0;
    for (size_t i = 0; i < count; i++)
        begins += text_begins(names[i], name);
    if (begins > 1)
        return error_set(error, ERROR_USAGE, "option --%s could mean several; see attn %s --help", name,
                         command->name);
    const char *near = text_nearest(name, names);
    if (near)
        return error_set(error, ERROR_USAGE, "unknown option --%s; did you mean --%s?", name, near);
    return error_set(error, ERROR_USAGE, "unknown option --%s; see attn %s --help", name, command->name);
}

bool options_parse(struct options *options, const struct command *command, int argc, char **argv,
                   struct error *error)
{
    size_t count;
    const struct option_kind *kinds = options_table(&count);
    struct option longs[TABLE_SIZE + 1] = {0};
    char shorts[2 * TABLE_SIZE + 2] = ":";
    size_t used = 1, rows = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(kinds[i].commands & command->mark))
            continue;
        int has = !kinds[i].argument            ? no_argument
                  : kinds[i].argument[0] == '[' ? optional_argument
                                                : required_argument;
        longs[rows++] = (struct option){.name = kinds[i].name, .has_arg = has, .val = 1000 + (int)i};
        if (kinds[i].letter) {
            shorts[used++] = kinds[i].letter;
            if (has == required_argument)
                shorts[used++] = ':';
        }
    }
    shorts[used] = 0;

    *options = (struct options){.max_weights = (size_t)16 << 20, .style = {.dpi_scale = 1}};
    options->operands = memory_take((size_t)argc, sizeof *options->operands, error);
    if (!options->operands)
        return false;
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        if (c == ':') {
            if (optopt >= 1000)
                return error_set(error, ERROR_USAGE, "option --%s needs %s", kinds[optopt - 1000].name,
                                 kinds[optopt - 1000].argument);
            return error_set(error, ERROR_USAGE, "option -%c needs an argument", optopt);
        }
        if (c == '?' && optopt >= 1000)
            return error_set(error, ERROR_USAGE, "option --%s takes no argument", kinds[optopt - 1000].name);
        if (c == '?')
            return unknown(argv[optind - 1], optopt, command, error);
        size_t i = (size_t)(c - 1000);
        if (c < 1000)
            for (i = 0; kinds[i].letter != c; i++)
                ;
        if (!take(options, &kinds[i], optarg, error))
            return false;
    }
    while (optind < argc)
        options->operands[options->operand_count++] = argv[optind++];
    return true;
}

void options_free(struct options *options)
{
    free(options->operands);
    free(options->outputs);
    free(options->layers.index);
    free(options->heads.index);
    *options = (struct options){0};
}
