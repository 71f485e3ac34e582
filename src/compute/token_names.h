/* Tokens by what people call them: all with a label, a number, the first, the special ones. */
#ifndef ATTN_COMPUTE_TOKEN_NAMES_H
#define ATTN_COMPUTE_TOKEN_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"

/* Whether a label is that of a token which a tokenizer adds to a text: <|…|>, or one of the list in docs/outputs.md. */
bool token_is_special(const char *label);

/* How names are looked for. */
struct token_names {
    const char *option; /* for messages */
    const struct labels *labels;
    bool may_lack; /* a name that no token has is a warning, as in one of many texts; else an error */
    struct warnings *warnings;
};

/*
 * Sets named[i] for each token that `text` names: the words first and special, a number, or a label, which may be that of
 * several tokens; or several of these with commas between them. Where no token is special there is a warning. Errors:
 * ERROR_USAGE for a name that no token has, no memory.
 */
bool token_names_find(bool *named, const struct token_names *names, const char *text, struct error *error);

#endif
