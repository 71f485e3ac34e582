#include "base/shell_words.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static bool ends_word(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Copies one word from *line, which it moves behind it, and returns the end of the copy; NULL: a quote or a backslash has no end. */
static char *word_copy(char *to, const char **line)
{
    const char *at = *line;
    char quote = 0;
    for (; *at && (quote || !ends_word(*at)); at++) {
        const bool escapes = *at == '\\' && (quote ? quote == '"' && at[1] && strchr("\"\\$`", at[1]) : true);
        if (escapes && !at[1])
            return NULL;
        if (escapes)
            *to++ = *++at;
        else if (*at == quote)
            quote = 0;
        else if (!quote && (*at == '"' || *at == '\''))
            quote = *at;
        else
            *to++ = *at;
    }
    *line = at;
    *to = 0;
    return quote ? NULL : to + 1;
}

bool shell_words_split(struct shell_words *words, const char *line, const char *called, struct error *error)
{
    const size_t length = strlen(line);
    words->text =
        memory_alloc(length + 1, 1, error); /* a blank or the end of the line makes room for each NUL */
    words->word = words->text ? memory_zeroed(length / 2 + 2, sizeof *words->word, error) : NULL;
    if (!words->word)
        return false;
    for (char *to = words->text;;) {
        line += strspn(line, " \t\n\r");
        if (!*line)
            return true;
        words->word[words->count++] = to;
        const char *const from = line;
        if (!(to = word_copy(to, &line)))
            return error_set(error, ERROR_USAGE,
                             "%s: %s: expected the end of a quote, or a character behind \\", called, from);
    }
}

void shell_words_free(struct shell_words *words)
{
    free(words->word);
    free(words->text);
    *words = (struct shell_words){0};
}

void shell_words_quote(struct out *out, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
    if (*word && word[strspn(word, plain)] == '\0') {
        out_text(out, word);
        return;
    }
    out_char(out, '\'');
    for (; *word; word++)
        out_text(out, *word == '\'' ? "'\\''" : (const char[]){*word, '\0'});
    out_char(out, '\'');
}
