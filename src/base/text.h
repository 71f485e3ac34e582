/*
 * Text is UTF-8 in NUL-terminated strings. U+0000 inside a string is held as the two bytes C0 80 (which no
 * valid UTF-8 contains), so that it neither ends the string nor gets lost; text_decode gives it back as 0.
 */
#ifndef ATTN_BASE_TEXT_H
#define ATTN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_NUL "\xC0\x80"

/* Decodes one character at *text and moves *text behind it. Invalid bytes give U+FFFD, one byte each.
 * At the end of the string: returns 0 and does not move (a held U+0000 returns 0 and moves by 2). */
uint32_t text_decode(const char **text);

/* Writes a code point as UTF-8; returns its length, 1 to 4 (U+0000: 2, as held in strings). */
size_t text_encode(uint32_t code, char out[4]);

/* Bytes of valid UTF-8 (RFC 3629: no overlong forms, surrogates, or values above 10FFFF) at the beginning of
 * data[0..size); size if all of it is valid. NUL bytes are valid here. */
size_t text_valid_length(const char *data, size_t size);

/* Whether a string is such text: all of it valid, but for the U+0000 that are held. */
bool text_is_valid(const char *text);

/* A copy that the caller frees; NULL without memory. */
char *text_copy(const char *text);
char *text_copy_part(const char *text, size_t length);
/* printf into memory that the caller frees; NULL without memory. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether a character would move the cursor, end the line or turn the direction of what follows: C0, C1, DEL, line
 * separators, marks and overrides of direction, the byte order mark. */
bool text_is_unfit(uint32_t code);

/* The next character at *text, which is not at its end, as text_clean shows it; moves *text behind it. Returns the
 * length; no NUL is written. */
enum { TEXT_SHOWN = 12 };
size_t text_show(const char **text, char out[TEXT_SHOWN]);

/* Copies text into out[0..size) fit for one line of a terminal or message: control characters (C0, C1, DEL,
 * line separators, direction overrides) appear as \xNN or \u{N}, invalid bytes as \xNN. Cut at a character,
 * with an ellipsis, if too long. */
void text_clean(char *out, size_t size, const char *text);

/* Puts an ellipsis at the end of a line of text_clean that stands for something longer. */
void text_mark_cut(char *out, size_t size);

/* Columns of a terminal that the text takes: wide characters (East Asian, emoji) 2, combining ones 0. */
size_t text_columns(const char *text);

/* The Damerau-Levenshtein distance of two words; case, '_' and '-' do not count. SIZE_MAX for a long one. */
size_t text_distance(const char *a, const char *b);

/* The one of `words` (NULL-terminated) that `word` was probably meant to be, or NULL if none is near
 * (Damerau-Levenshtein distance at most a third of the length, or its beginning; case, '_' and '-' do not
 * count). */
const char *text_nearest(const char *word, const char *const *words);

/* Whether the text begins with, or ends with, the other. */
bool text_begins(const char *text, const char *start);
bool text_ends(const char *text, const char *end);
/* The same whatever the case of ASCII letters. */
bool text_ends_caseless(const char *text, const char *end);

/* Strict integers and numbers from the whole of `text` (no blanks, nothing left over). */
bool text_to_integer(const char *text, int64_t *value);
bool text_to_number(const char *text, double *value);

#endif
