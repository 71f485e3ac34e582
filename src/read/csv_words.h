/* Words of a text, each once, numbered as they first appear. */
#ifndef ATTN_READ_CSV_WORDS_H
#define ATTN_READ_CSV_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "read/csv_private.h"

/* Begins zeroed; freed by csv_words_free. */
struct csv_words {
    struct cell *word; /* borrows the text; owned, as is slot */
    size_t count, room;
    size_t *slot; /* a hash: the number of a word + 1, or 0 */
    size_t slots; /* a power of two, or 0 */
};

void csv_words_free(struct csv_words *words);
bool csv_words_add(struct csv_words *words, const struct cell *cell, struct error *error);
/* The number of the word; `count` where it is none of them. */
size_t csv_words_find(const struct csv_words *words, const struct cell *cell);
/* Whether all words of one are words of the other, and as many. */
bool csv_words_same(const struct csv_words *words, const struct csv_words *other);

#endif
