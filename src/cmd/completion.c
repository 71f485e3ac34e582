#include "cmd/completion.h"

#include <string.h>
#include <unistd.h>

#include "base/out.h"
#include "cmd/command.h"
#include "cmd/option_table.h"

/* Text inside single quotes of a shell, with what zsh would read in a description taken out. */
static void write_quoted(struct out *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            out_text(out, "'\\''");
        else if (strchr("[]:", *text))
            out_format(out, "\\%c", *text);
        else
            out_char(out, *text);
    }
}

/* The operands that a command has words for: commands by their names, samples by a command of the shell, which
 * `opening` and a closing parenthesis put in place. */
static void write_operands(struct out *out, enum operand_kind kind, const char *opening)
{
    if (kind == OPERANDS_SAMPLES)
        out_format(out, "%sattn sample 2>/dev/null | cut -d\" \" -f1)", opening);
    for (size_t c = 0; kind == OPERANDS_COMMANDS && commands[c]; c++)
        out_format(out, "%s%s", c ? " " : "", commands[c]->name);
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

/* The words after a command: names of options, and after an option with words, these. */
static void write_bash(struct out *out)
{
    out_text(out, "# bash completion for attn\n"
                  "_attn()\n{\n"
                  "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} "
                  "command=${COMP_WORDS[1]}\n"
                  "    COMPREPLY=()\n"
                  "    [ \"$word\" = = ] && word=\n"
                  "    [ \"$before\" = = ] && before=${COMP_WORDS[COMP_CWORD-2]}\n"
                  "    if [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY=($(compgen -W '");
    for (size_t c = 0; commands[c]; c++)
        out_format(out, "%s ", commands[c]->name);
    out_text(out, "--help --version' -- \"$word\"))\n        return\n    fi\n    case $command$before in\n");
    for (size_t c = 0; commands[c]; c++) {
        struct command_rows of = rows_of(commands[c]);
        for (size_t i = 0; i < of.count; i++)
            if (of.rows[i].words)
                out_format(out, "    %s--%s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n",
                           of.command->name, of.rows[i].name, of.rows[i].words);
    }
    out_text(out, "    esac\n    case $command in\n");
    for (size_t c = 0; commands[c]; c++) {
        struct command_rows of = rows_of(commands[c]);
        out_format(out, "    %s) [[ $word == -* ]] && COMPREPLY=($(compgen -W '", of.command->name);
        for (size_t i = 0; i < of.count; i++)
            out_format(out, "--%s ", of.rows[i].name);
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

static void write_zsh(struct out *out)
{
    out_text(out, "#compdef attn\n"
                  "local -a cmds\ncmds=(\n");
    for (size_t c = 0; commands[c]; c++) {
        out_format(out, "    '%s:", commands[c]->name);
        write_quoted(out, commands[c]->summary);
        out_text(out, "'\n");
    }
    out_text(out, ")\nif (( CURRENT == 2 )); then\n    _describe command cmds\n    return\nfi\n"
                  "local cmd=$words[2]\nshift words\n(( CURRENT-- ))\ncase $cmd in\n");
    for (size_t c = 0; commands[c]; c++) {
        struct command_rows of = rows_of(commands[c]);
        out_format(out, "%s)\n    _arguments \\\n", of.command->name);
        for (size_t i = 0; i < of.count; i++) {
            const struct option_row *row = &of.rows[i];
            bool optional = row->argument && row->argument[0] == '[';
            out_format(out, "        '*--%s%s[", row->name, optional ? "=-" : "");
            write_quoted(out, row->help);
            out_char(out, ']');
            if (row->argument)
                out_text(out, optional ? "::value:" : ":value:");
            if (row->is_file)
                out_text(out, "_files");
            else if (row->words)
                out_format(out, "(%s)", row->words);
            out_text(out, "' \\\n");
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
        write_quoted(out, command->summary);
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
            if (row->argument && row->argument[0] != '[')
                out_text(out, " -r");
            if (row->words)
                out_format(out, " -f -a '%s'", row->words);
            out_text(out, " -d '");
            write_quoted(out, row->help);
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
