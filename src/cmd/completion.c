#include "cmd/completion.h"

#include <string.h>
#include <unistd.h>

#include "base/out.h"
#include "cmd/options.h"

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

static bool is_file(const struct option_kind *kind)
{
    return kind->words && strcmp(kind->words, "FILE") == 0;
}

/* The words after a command: names of options, and after an option with words, these. */
static void write_bash(struct out *out, const struct option_kind *kinds, size_t count)
{
    out_text(out, "# bash completion for attn\n"
                  "_attn()\n{\n"
                  "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} "
                  "command=${COMP_WORDS[1]}\n"
                  "    COMPREPLY=()\n"
                  "    [ \"$word\" = = ] && word=\n"
                  "    [ \"$before\" = = ] && before=${COMP_WORDS[COMP_CWORD-2]}\n"
                  "    if [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY=($(compgen -W '");
    for (size_t i = 0; commands[i]; i++)
        out_format(out, "%s ", commands[i]->name);
    out_text(out, "--help --version' -- \"$word\"))\n        return\n    fi\n    case $before in\n");
    for (size_t i = 0; i < count; i++)
        if (kinds[i].words && !is_file(&kinds[i]))
            out_format(out, "    --%s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n",
                       kinds[i].name, kinds[i].words);
    out_text(out, "    esac\n    case $command in\n");
    for (size_t c = 0; commands[c]; c++) {
        out_format(out, "    %s) [[ $word == -* ]] && COMPREPLY=($(compgen -W '", commands[c]->name);
        for (size_t i = 0; i < count; i++)
            if (kinds[i].commands & commands[c]->mark)
                out_format(out, "--%s ", kinds[i].name);
        out_text(out, "' -- \"$word\")) ;;\n");
    }
    out_text(out,
             "    esac\n"
             "    if [ \"$command\" = sample ] && [[ $word != -* ]]; then\n"
             "        COMPREPLY=($(compgen -W \"$(attn sample 2>/dev/null | cut -d' ' -f1)\" -- \"$word\"))\n"
             "    fi\n"
             "}\ncomplete -o default -F _attn attn\n");
}

static void write_zsh(struct out *out, const struct option_kind *kinds, size_t count)
{
    out_text(out, "#compdef attn\n"
                  "local -a cmds\ncmds=(\n");
    for (size_t i = 0; commands[i]; i++) {
        out_format(out, "    '%s:", commands[i]->name);
        write_quoted(out, commands[i]->summary);
        out_text(out, "'\n");
    }
    out_text(out, ")\nif (( CURRENT == 2 )); then\n    _describe command cmds\n    return\nfi\n"
                  "local cmd=$words[2]\nshift words\n(( CURRENT-- ))\ncase $cmd in\n");
    for (size_t c = 0; commands[c]; c++) {
        out_format(out, "%s)\n    _arguments \\\n", commands[c]->name);
        for (size_t i = 0; i < count; i++) {
            if (!(kinds[i].commands & commands[c]->mark))
                continue;
            bool optional = kinds[i].argument && kinds[i].argument[0] == '[';
            out_format(out, "        '*--%s%s[", kinds[i].name, optional ? "=-" : "");
            write_quoted(out, kinds[i].help);
            out_char(out, ']');
            if (kinds[i].argument)
                out_format(out, optional ? "::value:" : ":value:");
            if (is_file(&kinds[i]))
                out_text(out, "_files");
            else if (kinds[i].words)
                out_format(out, "(%s)", kinds[i].words);
            out_text(out, "' \\\n");
        }
        if (commands[c]->mark == FOR_SAMPLE)
            out_text(out, "        '*:sample:($(attn sample 2>/dev/null | cut -d\" \" -f1))'\n    ;;\n");
        else if (commands[c]->mark == FOR_HELP)
            out_text(out, "        '*:command:(${cmds%%:*})'\n    ;;\n");
        else
            out_text(out, "        '*:input:_files'\n    ;;\n");
    }
    out_text(out, "esac\n");
}

static void write_fish(struct out *out, const struct option_kind *kinds, size_t count)
{
    for (size_t c = 0; commands[c]; c++) {
        out_format(out, "complete -c attn -n __fish_use_subcommand -f -a %s -d '", commands[c]->name);
        write_quoted(out, commands[c]->summary);
        out_text(out, "'\n");
    }
    out_text(out, "complete -c attn -n '__fish_seen_subcommand_from sample' -f -a "
                  "'(attn sample 2>/dev/null | string split -f1 \" \")'\n");
    for (size_t c = 0; commands[c]; c++) {
        for (size_t i = 0; i < count; i++) {
            if (!(kinds[i].commands & commands[c]->mark))
                continue;
            out_format(out, "complete -c attn -n '__fish_seen_subcommand_from %s' -l %s", commands[c]->name,
                       kinds[i].name);
            if (kinds[i].letter)
                out_format(out, " -s %c", kinds[i].letter);
            if (kinds[i].argument && kinds[i].argument[0] != '[')
                out_text(out, " -r");
            if (kinds[i].words && !is_file(&kinds[i]))
                out_format(out, " -f -a '%s'", kinds[i].words);
            out_text(out, " -d '");
            write_quoted(out, kinds[i].help);
            out_text(out, "'\n");
        }
    }
}

bool completion_print(const char *shell, struct error *error)
{
    size_t count;
    const struct option_kind *kinds = options_table(&count);
    struct out out;
    out_begin(&out, STDOUT_FILENO, "standard output");
    if (strcmp(shell, "bash") == 0)
        write_bash(&out, kinds, count);
    else if (strcmp(shell, "zsh") == 0)
        write_zsh(&out, kinds, count);
    else
        write_fish(&out, kinds, count);
    bool ok = out_finish(&out, error);
    out_free(&out);
    return ok;
}
