/* attn help, and every --help: usage and options from the tables. Completions are completion.c. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/out.h"
#include "base/text.h"
#include "cmd/completion.h"
#include "cmd/help.h"
#include "cmd/lessons.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"
#include "cmd/options.h"
#include "figure/font_file.h"

enum { WIDTH = 80, INDENT = 28 };

/* `text` from column `column` on, wrapped between INDENT and WIDTH. */
static void write_wrapped(struct out *out, const char *text, size_t column)
{
    for (bool first = true; *text; first = false) {
        size_t length = strcspn(text, " ");
        char word[200];
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        size_t columns = text_columns(word);
        if (column < INDENT || (!first && column + 1 + columns > WIDTH)) {
            if (column >= INDENT || !first) {
                out_char(out, '\n');
                column = 0;
            }
            out_format(out, "%*s", INDENT - (int)column, "");
            column = INDENT;
        } else if (!first) {
            out_char(out, ' ');
            column++;
        }
        out_text(out, word);
        column += columns;
        text += length;
        text += *text == ' ';
    }
    out_char(out, '\n');
}

static void write_option(struct out *out, const struct option_row *row)
{
    char left[100];
    const char *argument = row->argument ? row->argument : "";
    bool optional = *argument == '[';
    snprintf(left, sizeof left, "  %c%c%c --%s%s%s", row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
             row->letter ? ',' : ' ', row->name,
             optional    ? "[="
             : *argument ? " "
                         : "",
             optional ? argument + 1 : argument);
    out_text(out, left);
    size_t column = text_columns(left);
    if (column + 1 >= INDENT) {
        out_char(out, '\n');
        column = 0;
    }
    char help[OPTION_HELP];
    option_help(row, help);
    write_wrapped(out, help, column);
}

static void write_command_help(struct out *out, const struct command *command)
{
    struct option_row rows[OPTIONS_MAX];
    const char *headings[OPTIONS_MAX], *heading = "";
    size_t count = option_rows(command, rows, headings);
    out_format(out, "Usage: attn %s [OPTION…]%s%s\n%s\n", command->name, *command->operands ? " " : "",
               command->operands, command->summary);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(headings[i], heading) != 0)
            out_format(out, "\n%s:\n", heading = headings[i]);
        write_option(out, &rows[i]);
    }
    if (command->example)
        out_format(out, "\nExamples:\n%s", command->example);
}

static void write_overview(struct out *out)
{
    out_text(out,
             "Usage: attn COMMAND [OPTION…] [OPERAND…]\n"
             "Compute attention from a file of embeddings, Q/K/V or weights, and draw it.\n\nCommands:\n");
    for (size_t i = 0; commands[i]; i++)
        out_format(out, "  %-9s%s\n", commands[i]->name, commands[i]->summary);
    out_text(out,
             "\nattn help COMMAND says what a command takes. attn --version says what this is.\n"
             "attn help lessons is a course of attention in commands; attn help WORD finds a word in it.\n"
             "A first try:  attn sample sentence | attn run -\n");
}

bool help_print(const struct command *command, struct error *error)
{
    struct out out;
    out_begin(&out, STDOUT_FILENO, "standard output");
    if (command)
        write_command_help(&out, command);
    else
        write_overview(&out);
    bool ok = out_finish(&out, error);
    out_free(&out);
    return ok;
}

bool version_print(struct error *error)
{
    struct out out;
    out_begin(&out, STDOUT_FILENO, "standard output");
    out_text(&out, "attn " ATTN_VERSION "\n"
                   "Built-in fonts: DejaVu Sans (Bitstream Vera licence), WenQuanYi Micro Hei (Apache-2.0).\n"
                   "Libraries: cJSON (MIT), libdeflate (MIT), zlib (Zlib), FriBidi (LGPL-2.1+),\n"
                   "libpng (libpng-2.0), libjpeg-turbo (IJG, BSD-3-Clause), stb (public domain)");
    out_text(&out, font_file_is_known() ? ",\nFreeType (FTL), HarfBuzz (MIT).\n"
                                        : ".\nBuilt without FreeType and HarfBuzz: there is no --font.\n");
    bool ok = out_finish(&out, error);
    out_free(&out);
    return ok;
}

/* The options of help alone. */
struct help_options {
    const char *completion; /* the shell; NULL: not asked for */
};

/* The lessons that a word leads to; of one that leads nowhere what was probably meant. */
static bool print_lessons(const char *word, struct error *error)
{
    struct out out;
    out_begin(&out, STDOUT_FILENO, "standard output");
    bool found = strcmp(word, "lessons") == 0;
    if (found)
        lessons_write_all(&out);
    else
        found = lessons_write(&out, word);
    bool ok = found && out_finish(&out, error);
    out_free(&out);
    if (found)
        return ok;
    char near[LESSON_WORD];
    if (!command_near(word) && lessons_near(word, near))
        return error_set(error, ERROR_USAGE, "unknown command or word %s; did you mean attn help '%s'?", word,
                         near);
    return command_named(word, error) != NULL;
}

static bool help_run(const struct options *options, struct error *error)
{
    const struct help_options *own = options->own;
    if (options->operand_count > 1)
        return error_set(error, ERROR_USAGE, "help takes one command or word");
    if (own->completion && options->operand_count > 0)
        return error_set(error, ERROR_USAGE, "--completion is for all commands: expected none, not %s",
                         options->operands[0]);
    if (own->completion)
        return completion_print(own->completion, error);
    if (options->operand_count == 0)
        return help_print(NULL, error);
    const struct command *command = command_called(options->operands[0]);
    return command ? help_print(command, error) : print_lessons(options->operands[0], error);
}

static const struct option_row completion_rows[] = {
    {.name = "completion",
     .argument = "SHELL",
     .words = "bash zsh fish",
     .help = "print the completions for bash, zsh or fish",
     .parse = value_word_text,
     OPTION_OWN(struct help_options, completion)},
};
static const struct option_group group_completion = OPTION_GROUP("General", completion_rows);

const struct command command_help = {
    .name = "help",
    .operands = "[COMMAND|lessons|WORD]",
    .operand_kind = OPERANDS_COMMANDS,
    .summary = "say what a command does and takes, or which lessons show a word",
    .groups = (const struct option_group *const[]){&group_completion, &group_help, NULL},
    .own_size = sizeof(struct help_options),
    .run = help_run,
};
