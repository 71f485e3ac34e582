/*
 * The words of a text, and which rows of a file of word vectors are theirs: a word as it stands, else in small
 * letters, else without the punctuation and the endings ('s, n't) that are words of their own in such files.
 */
#ifndef ATTN_READ_WORD_TEXT_H
#define ATTN_READ_WORD_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"

/* A spelling that may stand in the file. */
struct word_form {
    char *text, *folded; /* owned; folded: in small letters. Of one length */
    size_t length;
    size_t row; /* where the file has it; SIZE_MAX: not met */
    const char *
        near; /* a word of the file that differs in case alone; borrowed from what word_text_meet was given */
    size_t same; /* the next form that is folded to the same text, or SIZE_MAX */
};

/* Begins zeroed; freed by word_text_free in any case. */
struct word_text {
    const char *text; /* borrowed */
    struct word_form *forms;
    size_t count, room;
    size_t *slot; /* a hash of the folded texts: the first form of each, or SIZE_MAX */
    size_t slots; /* a power of two, or 0 */
    bool lengths[256];
    size_t longest;
    char *folded; /* room for one of the longest */
};

/* Lists the spellings of the words of `text`, which is UTF-8, has blanks between the words, and outlives `words`. */
bool word_text_begin(struct word_text *words, const char *text, struct error *error);
void word_text_free(struct word_text *words);

/* Whether a word of the file is spelled as one of these, whatever its case. */
bool word_text_wants(const struct word_text *words, const char *word, size_t length);

/* A word of the file and its row, a number of the caller's. Of a word that is met twice the first row counts. */
void word_text_meet(struct word_text *words, const char *word, size_t length, size_t row);

/* The rows that were chosen, in the order of the text. Begins zeroed; freed by word_rows_free in any case. */
struct word_rows {
    size_t *row;          /* as word_text_meet was given them; owned */
    struct labels labels; /* the words as the file spells them */
    size_t count, room, label_room;
};
void word_rows_free(struct word_rows *rows);

/* The rows of the words, after all words of the file were met. `notes` say which word was taken for which. Errors: words
 * that the file has not, all of them, with its name in front. */
bool word_text_choose(const struct word_text *words, const char *file, struct word_rows *rows,
                      struct warnings *notes, struct error *error);

#endif
