/* Reading a command line by the rows of a command (cmd/option.h). */
#include "cmd/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/shell_words.h"
#include "base/text.h"
#include "cmd/option_table.h"

/* getopt_long says that it met row i by this number + i. */
enum { ROW_VALUE = 1000 };

static bool is_optional(const struct option_row *row)
{
    return row->argument && row->argument[0] == '[';
}

/* Reads the argument of a row into the options. */
static bool options_set(struct options *options, const struct option_row *row, const char *text,
                        struct error *error)
{
    char *base = row->is_own ? options->own : (char *)options;
    if (!row->parse(row, base + row->at, text, error))
        return false;
    if (row->given)
        *(bool *)(base + row->given) = true;
    return true;
}

/* Remembers that an option was given. */
static bool options_note(struct options *options, const struct option_row *row, const char *text,
                         struct error *error)
{
    if (!memory_resize(&options->given, options->given_count + 1, sizeof *options->given, error))
        return false;
    options->given[options->given_count++] = (struct given_option){*row, text};
    return true;
}

static bool options_begin(struct options *options, const struct command *command, size_t operands,
                          struct error *error)
{
    *options = (struct options){.command = command,
                                .engine.max_weights = (size_t)16 << 20,
                                .style = {.dpi_scale = 1, .metadata = METADATA_TITLE}};
    options->operands = memory_alloc(operands, sizeof *options->operands, error);
    if (!options->operands)
        return false;
    if (command->own_size == 0)
        return true;
    options->own = memory_zeroed(1, command->own_size, error);
    if (options->own && command->own_defaults)
        memcpy(options->own, command->own_defaults, command->own_size);
    return options->own;
}

/* The rows as getopt_long wants them. */
struct getopt_table {
    struct option longs[OPTIONS_MAX + 1];
    char shorts[2 * OPTIONS_MAX + 2];
};

static void getopt_table_make(struct getopt_table *table, const struct option_row *rows, size_t count)
{
    size_t used = 0;
    *table = (struct getopt_table){0};
    table->shorts[used++] = ':';
    for (size_t i = 0; i < count; i++) {
        int has = !rows[i].argument       ? no_argument
                  : is_optional(&rows[i]) ? optional_argument
                                          : required_argument;
        table->longs[i] = (struct option){.name = rows[i].name, .has_arg = has, .val = ROW_VALUE + (int)i};
        if (rows[i].letter) {
            table->shorts[used++] = rows[i].letter;
            if (has == required_argument)
                table->shorts[used++] = ':';
        }
    }
}

/* Bytes of the character in `word` that begins with the byte `letter`. */
static size_t letter_length(const char *word, int letter)
{
    const char *at = strchr(word, letter), *end = at;
    text_decode(&end);
    return (size_t)(end - at);
}

/* What other programs call options that attn has; NULL: nothing is known. */
static const char *option_elsewhere(const char *name)
{
    static const char *const names[][2] = {
        {"attention-mask", "--key-mask or --mask (1 attends), or --bias for numbers that are added"},
        {"attn-mask", "--mask (1 attends), or --bias for numbers that are added"},
        {"key-padding-mask", "--key-mask (1 attends)"},
        {"no-causal", "--causal=no"},
        {"is-causal", "--causal"},
        {"colormap", "--cmap"},
        {"colourmap", "--cmap"},
        {"palette", "--cmap"},
        {"dpi", "--dpi-scale"},
        {"num-heads", "--heads"},
        {"n-heads", "--heads"},
        {"labels", "--tokens"},
        {"json", "--format json or -o -"},
        {"csv", "--format csv"},
        {"no-annotate", "--annotate=off"},
        {"sliding-window", "--window LEFT,RIGHT"},
        {"theta", "--position-base"},
        {"rope-theta", "--position-base"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i][0]) == 0)
            return names[i][1];
    return NULL;
}

/* Says what getopt_long did not understand, with a suggestion. Always false. */
static bool unknown_option(const char *word, int letter, const struct command *command,
                           const struct option_row *rows, size_t count, struct error *error)
{
    if (letter)
        return error_set(error, ERROR_USAGE, "unknown option -%.*s; see attn %s --help",
                         (int)letter_length(word, letter), strchr(word, letter), command->name);
    if (word[2] == '=' || word[2] == '-')
        return error_set(error, ERROR_USAGE, "%s: expected -- and the name of an option; see attn %s --help",
                         word, command->name);
    const char *names[OPTIONS_MAX + 1];
    char name[64];
    size_t length = strcspn(word + 2, "="), begins = 0;
    length = length < sizeof name ? length : sizeof name - 1;
    memcpy(name, word + 2, length);
    name[length] = 0;
    for (size_t i = 0; i < count; i++) {
        names[i] = rows[i].name;
        begins += text_begins(names[i], name);
    }
    names[count] = NULL;
    if (begins > 1)
        return error_set(error, ERROR_USAGE, "option --%s could mean several; see attn %s --help", name,
                         command->name);
    const char *elsewhere = option_elsewhere(name);
    if (elsewhere)
        return error_set(error, ERROR_USAGE, "unknown option --%s: expected %s", name, elsewhere);
    const char *near = text_nearest(name, names);
    if (near)
        return error_set(error, ERROR_USAGE, "unknown option --%s; did you mean --%s?", name, near);
    return error_set(error, ERROR_USAGE, "unknown option --%s; see attn %s --help", name, command->name);
}

/* Whether the option would take the word: "end" behind --causal. */
static bool would_accept(const struct option_row *row, const struct command *command, const char *word)
{
    struct options scratch;
    struct error unsaid = {0};
    bool ok = options_begin(&scratch, command, 0, &unsaid) && options_set(&scratch, row, word, &unsaid);
    options_free(&scratch);
    return ok;
}

/* The first operand that stands behind an option whose argument was left out, is no file, and could have been
 * that argument: `--causal end`, which needs a '='. */
struct ambiguous {
    const char *word; /* NULL: none */
    const struct option_row *row;
};

/* The words of a command line: as they were given, and as getopt_long sees and sorts them: those that name an array of standard
 * input (-:NAME) without their dash, for it would take them for options. */
struct option_words {
    int count;
    char **given, **shown; /* `shown` is owned */
};

static bool option_words_make(struct option_words *words, int argc, char **argv, struct error *error)
{
    *words = (struct option_words){argc, argv, memory_alloc((size_t)argc + 1, sizeof *words->shown, error)};
    for (int i = 0; words->shown && i < argc; i++)
        words->shown[i] = argv[i] + text_begins(argv[i], "-:");
    if (words->shown)
        words->shown[argc] = NULL;
    return words->shown;
}

/* The word that was given, of one that getopt_long saw. */
static char *option_word(const struct option_words *words, char *shown)
{
    for (int i = 0; shown && *shown == ':' && i < words->count; i++)
        if (shown == words->given[i] + 1)
            return words->given[i];
    return shown;
}

static bool options_read(struct options *options, const struct command *command,
                         const struct option_row *rows, size_t count, const struct option_words *words,
                         struct ambiguous *ambiguous, struct error *error)
{
    struct getopt_table table;
    const int argc = words->count;
    char **argv = words->shown;
    getopt_table_make(&table, rows, count);
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, table.shorts, table.longs, NULL)) != -1;) {
        if (c == ':' && optopt >= ROW_VALUE)
            return error_set(error, ERROR_USAGE, "option --%s needs %s", rows[optopt - ROW_VALUE].name,
                             rows[optopt - ROW_VALUE].argument);
        if (c == ':')
            return error_set(error, ERROR_USAGE, "option -%c needs an argument", optopt);
        if (c == '?' && optopt >= ROW_VALUE)
            return error_set(error, ERROR_USAGE, "option --%s takes no argument",
                             rows[optopt - ROW_VALUE].name);
        if (c == '?') {
            /* A word of several letters is left only behind its last. */
            bool inside = optopt && optind < argc && argv[optind][0] == '-' && strchr(argv[optind], optopt);
            return unknown_option(argv[inside ? optind : optind - 1], optopt & 0xFF, command, rows, count,
                                  error);
        }
        size_t i = 0;
        if (c >= ROW_VALUE)
            i = (size_t)(c - ROW_VALUE);
        else
            while (rows[i].letter != c)
                i++;
        const char *text = option_word(words, optarg);
        if (!options_set(options, &rows[i], text, error) || !options_note(options, &rows[i], text, error))
            return false;
        if (is_optional(&rows[i]) && !optarg && optind < argc && !ambiguous->word &&
            access(argv[optind], F_OK) != 0 && would_accept(&rows[i], command, argv[optind]))
            *ambiguous = (struct ambiguous){argv[optind], &rows[i]};
    }
    while (optind < argc)
        options->operands[options->operand_count++] = option_word(words, argv[optind++]);
    return true;
}

/* Reads argv[1…] into options that have begun, with room for their operands. */
static bool options_read_words(struct options *options, int argc, char **argv, struct error *error)
{
    const struct command *command = options->command;
    struct option_row rows[OPTIONS_MAX];
    struct ambiguous ambiguous = {0};
    struct option_words words = {0};
    size_t count = option_rows(command, rows, NULL);
    const bool ok = option_words_make(&words, argc, argv, error) &&
                    options_read(options, command, rows, count, &words, &ambiguous, error);
    free(words.shown);
    if (!ok)
        return false;
    if (!ambiguous.word || options->help || options->version)
        return true;
    return error_set(error, ERROR_USAGE, "there is no file %s; did you mean --%s=%s?", ambiguous.word,
                     ambiguous.row->name, ambiguous.word);
}

/* Keeps the command line as it was typed, where a picture is to hold it. */
static bool keep_line(struct options *options, struct error *error)
{
    struct out line;
    if (options->style.metadata != METADATA_COMMAND)
        return true;
    out_begin(&line, -1, "the command line");
    out_format(&line, "attn %s", options->command->name);
    for (int i = 1; i < options->argc; i++) {
        out_char(&line, ' ');
        shell_words_quote(&line, options->argv[i]);
    }
    out_bytes(&line, "", 1);
    const bool ok = out_finish(&line, error);
    options->line = ok ? line.data : NULL;
    options->style.command = options->line;
    if (!ok)
        out_free(&line);
    return ok;
}

/* Reads the font for all pictures, before anything is computed for them. */
static bool read_font(struct options *options, struct error *error)
{
    if (!options->font_path || options->help || options->version)
        return true;
    options->style.font = &options->font;
    return font_file_read(&options->font, options->font_path, error);
}

bool options_parse(struct options *options, const struct command *command, int argc, char **argv,
                   struct error *error)
{
    const bool ok = options_begin(options, command, (size_t)argc, error);
    options->argc = argc;
    options->argv = argv;
    return ok && options_read_words(options, argc, argv, error) && keep_line(options, error) &&
           read_font(options, error);
}

/* Forgets the files that the words name again, which may be given once only. */
static void forget_files(struct options *options, const struct options *again)
{
    struct option_row rows[OPTIONS_MAX];
    const size_t count = option_rows(options->command, rows, NULL);
    for (size_t i = 0; i < count; i++) {
        const char *const *named =
            (const void *)((rows[i].is_own ? (const char *)again->own : (const char *)again) + rows[i].at);
        if (rows[i].parse == value_file && *named)
            *(const char **)(void *)((rows[i].is_own ? (char *)options->own : (char *)options) + rows[i].at) =
                NULL;
    }
}

bool options_add(struct options *options, int argc, char **argv, struct error *error)
{
    struct options again = {0};
    const size_t room = options->operand_count + (size_t)argc;
    bool ok = options_parse(&again, options->command, argc, argv, error) &&
              memory_resize(&options->operands, room, sizeof *options->operands, error);
    if (ok) {
        forget_files(options, &again);
        ok = options_read_words(options, argc, argv, error);
        font_file_free(&options->font);
        ok = ok && read_font(options, error);
    }
    options_free(&again);
    return ok;
}

char *options_computing(const struct options *options, struct error *error)
{
    struct out line;
    out_begin(&line, -1, "the options");
    for (size_t i = 0; i < options->given_count; i++) {
        const struct given_option *given = &options->given[i];
        if (!option_computes(&given->row))
            continue;
        out_format(&line, "%s--%s", line.size > 0 ? " " : "", given->row.name);
        if (given->text) {
            out_char(&line, is_optional(&given->row) ? '=' : ' ');
            shell_words_quote(&line, given->text);
        }
    }
    out_bytes(&line, "", 1);
    if (out_finish(&line, error))
        return line.data;
    out_free(&line);
    return NULL;
}

/* The lists among the command's own options. */
static void own_free(struct options *options)
{
    struct option_row rows[OPTIONS_MAX];
    const size_t count = options->command ? option_rows(options->command, rows, NULL) : 0;
    for (size_t i = 0; options->own && i < count; i++)
        if (rows[i].is_own && rows[i].parse == value_strings)
            free(((struct string_list *)(void *)((char *)options->own + rows[i].at))->text);
    free(options->own);
}

void options_free(struct options *options)
{
    free(options->operands);
    free(options->line);
    font_file_free(&options->font);
    free(options->given);
    free(options->output.paths.text);
    free(options->output.versus.text);
    free(options->selection.leave_out.text);
    free(options->selection.layers.span);
    free(options->selection.heads.span);
    free(options->selection.picks.span);
    own_free(options);
    *options = (struct options){0};
}
