#include "cmd/completion.h"

#include <string.h>
#include <unistd.h>

#include "base/out.h"
#include "cmd/command.h"
#include "cmd/option_table.h"

/* Text inside single quotes of a shell, with a backslash before each of `special`. */
static void write_quoted(struct out *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            out_text(out, "'\\''");
        else if (strchr(special, *text))
            out_format(out, "\\%c", *text);
        else
            out_char(out, *text);
    }
}

/* What zsh would read in a description, and what fish reads between quotes. */
static const char zsh_special[] = "[]:\\", fish_special[] = "\\";

static void write_help(struct out *out, const struct option_row *row, const char *special)
{
    char help[OPTION_HELP];
    option_help(row, help);
    write_quoted(out, help, special);
}

static bool is_left_out(const struct option_row *row)
{
    return row->argument && row->argument[0] == '[';
}

/* The operands that a command has words for: commands by their names, samples by a command of the shell, which
 * `opening` and a closing parenthesis put in place. */
static void write_operands(struct out *out, enum operand_kind kind, const char *opening)
{
    if (kind == OPERANDS_SAMPLES)
        out_format(out, "%sattn sample 2>/dev/null | cut -d\" \" -f1)", opening);
    for (size_t c = 0; kind == OPERANDS_COMMANDS && commands[c]; c++)
        out_format(out, "%s%s", c ? " " : "", commands[c]->name);
    if (kind == OPERANDS_COMMANDS)
        out_text(out, " lessons");
}

/* A command with its rows. */
struct command_rows {
    const struct command *command;
    struct option_row rows[OPTIONS_MAX];
    size_t count;
};

static struct command_rows rows_of(const struct command *command)
{
    struct command_rows of = {.command = command};
    of.count = option_rows(command, of.rows, NULL);
    return of;
}

/* The words of an argument; one that may be left out needs a '=' before it. */
static void write_bash_words(struct out *out, const char *command, const struct option_row *row)
{
    if (is_left_out(row))
        out_format(out, "    %s--%s=)", command, row->name);
    else
        out_format(out, "    %s--%s|%s--%s=)", command, row->name, command, row->name);
    out_format(out, " COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", row->words);
}

/* The words after a command: names of options, and after an option with words, these. */
static void write_bash(struct out *out)
{
    out_text(out, "# bash completion for attn\n"
                  "_attn()\n{\n"
                  "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} "
                  "command=${COMP_WORDS[1]}\n"
                  "    COMPREPLY=()\n"
                  "    [ \"$before\" = = ] && before=${COMP_WORDS[COMP_CWORD-2]}=\n"
                  "    [ \"$word\" = = ] && word= && before=$before=\n"
                  "    if [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY=($(compgen -W '");
    for (size_t c = 0; commands[c]; c++)
        out_format(out, "%s ", commands[c]->name);
    out_text(out, "--help --version' -- \"$word\"))\n        return\n    fi\n    case $command$before in\n");
    for (size_t c = 0; commands[c]; c++) {
        struct command_rows of = rows_of(commands[c]);
        for (size_t i = 0; i < of.count; i++)
            if (of.rows[i].words)
                write_bash_words(out, of.command->name, &of.rows[i]);
    }
    out_text(out, "    esac\n    case $command in\n");
    for (size_t c = 0; commands[c]; c++) {
        struct command_rows of = rows_of(commands[c]);
        out_format(out, "    %s) [[ $word == -* ]] && COMPREPLY=($(compgen -W '", of.command->name);
        for (size_t i = 0; i < of.count; i++) {
            if (of.rows[i].letter)
                out_format(out, "-%c ", of.rows[i].letter);
            out_format(out, "--%s ", of.rows[i].name);
        }
        out_text(out, "' -- \"$word\"))\n");
        if (of.command->operand_kind != OPERANDS_FILES) {
            out_text(out, "        [[ $word == -* ]] || COMPREPLY=($(compgen -W \"");
            write_operands(out, of.command->operand_kind, "$(");
            out_text(out, "\" -- \"$word\"))\n");
        }
        out_text(out, "        ;;\n");
    }
    out_text(out, "    esac\n}\ncomplete -o default -F _attn attn\n");
}

/* A specification of _arguments. `dashes` and `name` are "--" and "output", or "-" and "o". */
static void write_zsh_option(struct out *out, const struct option_row *row, const char *dashes,
                             const char *name)
{
    const bool optional = is_left_out(row);
    out_format(out, "        '*%s%s%s[", dashes, name, optional ? "=-" : "");
    write_help(out, row, zsh_special);
    out_char(out, ']');
    if (row->argument)
        out_text(out, optional ? "::value:" : ":value:");
    if (row->is_file)
        out_text(out, "_files");
    else if (row->words)
        out_format(out, "(%s)", row->words);
    out_text(out, "' \\\n");
}

static void write_zsh(struct out *out)
{
    out_text(out, "#compdef attn\n"
                  "local -a cmds\ncmds=(\n");
    for (size_t c = 0; commands[c]; c++) {
        out_format(out, "    '%s:", commands[c]->name);
        write_quoted(out, commands[c]->summary, zsh_special);
        out_text(out, "'\n");
    }
    out_text(out, ")\nif (( CURRENT == 2 )); then\n    _describe command cmds\n    return\nfi\n"
                  "local cmd=$words[2]\nshift words\n(( CURRENT-- ))\ncase $cmd in\n");
    for (size_t c = 0; commands[c]; c++) {
        struct command_rows of = rows_of(commands[c]);
        out_format(out, "%s)\n    _arguments \\\n", of.command->name);
        for (size_t i = 0; i < of.count; i++) {
            const struct option_row *row = &of.rows[i];
            if (row->letter)
                write_zsh_option(out, row, "-", (const char[]){row->letter, 0});
            write_zsh_option(out, row, "--", row->name);
        }
        out_text(out, "        '*:operand:");
        if (of.command->operand_kind == OPERANDS_FILES) {
            out_text(out, "_files");
        } else {
            out_char(out, '(');
            write_operands(out, of.command->operand_kind, "$(");
            out_char(out, ')');
        }
        out_text(out, "'\n    ;;\n");
    }
    out_text(out, "esac\n");
}

static void write_fish(struct out *out)
{
    for (size_t c = 0; commands[c]; c++) {
        const struct command *command = commands[c];
        out_format(out, "complete -c attn -n __fish_use_subcommand -f -a %s -d '", command->name);
        write_quoted(out, command->summary, fish_special);
        out_text(out, "'\n");
        if (command->operand_kind == OPERANDS_FILES)
            continue;
        out_format(out, "complete -c attn -n '__fish_seen_subcommand_from %s' -f -a '", command->name);
        write_operands(out, command->operand_kind, "(");
        out_text(out, "'\n");
    }
    for (size_t c = 0; commands[c]; c++) {
        struct command_rows of = rows_of(commands[c]);
        for (size_t i = 0; i < of.count; i++) {
            const struct option_row *row = &of.rows[i];
            out_format(out, "complete -c attn -n '__fish_seen_subcommand_from %s' -l %s", of.command->name,
                       row->name);
            if (row->letter)
                out_format(out, " -s %c", row->letter);
            if (row->argument && !is_left_out(row))
                out_text(out, " -r");
            if (row->words)
                out_format(out, " -f -a '%s'", row->words);
            out_text(out, " -d '");
            write_help(out, row, fish_special);
            out_text(out, "'\n");
        }
    }
}

bool completion_print(const char *shell, struct error *error)
{
    struct out out;
    out_begin(&out, STDOUT_FILENO, "standard output");
    if (strcmp(shell, "bash") == 0)
        write_bash(&out);
    else if (strcmp(shell, "zsh") == 0)
        write_zsh(&out);
    else
        write_fish(&out);
    bool ok = out_finish(&out, error);
    out_free(&out);
    return ok;
}
