/* One of a few words, as options and settings take them. A list of words is text with blanks between them. */
#ifndef ATTN_BASE_WORDS_H
#define ATTN_BASE_WORDS_H

#include <stdbool.h>

#include "base/error.h"

/* The place of `text` among the words, or -1. */
int words_find(const char *words, const char *text);

/* The i-th word, *length long and not ended; i is a place that words_find may return. */
const char *words_at(const char *words, int i, int *length);

/* Room for the text of words_list. */
enum { WORDS_LIST = 512 };

/* The words as in a sentence: "a, b and c" where `last` is "and"; cut where there is no room. */
void words_list(char list[WORDS_LIST], const char *words, const char *last);

/* `CALLED is "TEXT": did you mean WORD?` or, where no word is near (words NULL: there are none), `…: expected
 * EXPECTED`; NULL: `one of WORDS`. Always false. */
bool words_error(const char *words, const char *called, const char *text, const char *expected,
                 enum error_kind kind, struct error *error);

#endif
