/* Reading a command line by the table of options (option_table.c). What an argument may be is
 * option_values.c. */
#include "cmd/options.h"

#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/option_ids.h"
#include "cmd/option_values.h"

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
        return settings_parse(&o->settings, (enum setting)(kind->id - OPTION_SETTING), text, called,
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
    case OPTION_DRAW_MASK:
        o->stages |= 1u << STAGE_MASK;
        return true;
    case OPTION_THREADS:
        if (!take_integer(&number, text, 1, 1024, "threads", "a whole number from 1 to 1024", error))
            return false;
        o->threads = (int)number;
        return true;
    case OPTION_MAX_WEIGHTS:
        return value_size(&o->max_weights, text, "max-weights", error);
    case OPTION_MEMORY:
        return value_size(&o->memory, text, "memory", error);
    case OPTION_CPU:
        o->cpu = text;
        return take_word(&word, text, kind, error);
    case OPTION_QUERY:
        o->query = text;
        return true;
    case OPTION_ROWS:
        if (!take_integer(&number, text, 1, 1000000, "rows", "a whole number from 1 to 1000000", error))
            return false;
        o->rows = (size_t)number;
        return true;
    case OPTION_TEXT_FORMAT:
        if (!take_word(&word, text, kind, error))
            return false;
        o->as_json = word == 1;
        return true;
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
        return text_is_valid(text) || value_wrong("title", text, "text in UTF-8", error);
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
    case OPTION_GRID:
        return value_pair(o->patch.grid, text, "grid", error);
    case OPTION_IMAGE:
        return take_file(&o->patch.image_file, text, kind, error);
    case OPTION_LOOK_FROM:
        o->patch.has_query = true;
        if ((o->patch.is_mean = strcmp(text, "mean") == 0))
            return true;
        if (!take_integer(&number, text, 0, INT64_C(1) << 40, "look-from",
                          "the number of a query, counted from 0, or mean", error))
            return false;
        o->patch.query = (size_t)number;
        return true;
    case OPTION_VIEW:
        if (!take_word(&word, text, kind, error))
            return false;
        o->patch.view = (enum view)word;
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
    const char *names[OPTIONS_MAX + 1];
    size_t rows, count = 0;
    const struct option_kind *kinds = options_table(&rows);
    for (size_t i = 0; i < rows; i++)
        if (kinds[i].commands & command->mark)
            names[count++] = kinds[i].name;
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

/* Whether the option would take the word: "end" behind --causal. */
static bool would_take(const struct option_kind *kind, const char *word)
{
    struct options scratch = {0};
    struct error unsaid = {0};
    bool ok = take(&scratch, kind, word, &unsaid);
    options_free(&scratch);
    return ok;
}

bool options_parse(struct options *options, const struct command *command, int argc, char **argv,
                   struct error *error)
{
    size_t count;
    const struct option_kind *kinds = options_table(&count);
    struct option longs[OPTIONS_MAX + 1] = {0};
    char shorts[2 * OPTIONS_MAX + 2] = ":";
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

    *options = (struct options){.max_weights = (size_t)16 << 20, .rows = 16, .style = {.dpi_scale = 1}};
    options->operands = memory_alloc((size_t)argc, sizeof *options->operands, error);
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
        bool bare = kinds[i].argument && kinds[i].argument[0] == '[' && !optarg;
        if (bare && optind < argc && options->loose_count < LOOSE_MAX && would_take(&kinds[i], argv[optind]))
            options->loose[options->loose_count++] = (struct loose){argv[optind], &kinds[i]};
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
