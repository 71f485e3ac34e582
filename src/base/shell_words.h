/* A line of text taken apart into words, as a shell does it, without a shell. */
#ifndef ATTN_BASE_SHELL_WORDS_H
#define ATTN_BASE_SHELL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"

/* Begins zeroed; freed by shell_words_free in any case. */
struct shell_words {
    char **word; /* `count` of them, then NULL; they lie in `text` */
    size_t count;
    char *text;
};

/*
 * Words are separated by blanks, tabs and ends of lines; inside '…' all stands for itself, inside "…" all but a backslash before ", \, $
 * or `, and elsewhere a backslash before any character. Nothing is replaced: $ and * stand for themselves. `called` is what a message
 * calls the line. Errors: ERROR_USAGE for a quote without its end and a backslash before nothing; no memory.
 */
bool shell_words_split(struct shell_words *words, const char *line, const char *called, struct error *error);
/* Writes a word so that a shell, and shell_words_split, read it as it is. */
void shell_words_quote(struct out *out, const char *word);
void shell_words_free(struct shell_words *words);

#endif
