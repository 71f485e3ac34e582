/* The course of docs/lessons in commands: its table, which is built into the program. */
#ifndef ATTN_CMD_LESSONS_H
#define ATTN_CMD_LESSONS_H

#include <stdbool.h>

#include "base/out.h"

/* Writes every row of the table under the name of its page: what it shows, and the command. */
void lessons_write_all(struct out *out);

/* Writes the rows that `word` leads to: those that have it among their words or in what they show, whatever its case, with blanks
 * for '-' and '_', and with or without the s of a plural; from four letters on the beginning of a word is enough. False, with nothing
 * written, where there is none. */
bool lessons_write(struct out *out, const char *word);

/* Room for a word of the table. */
enum { LESSON_WORD = 60 };

/* The word of the table that `word` was probably meant to be; false where none is near. */
bool lessons_near(const char *word, char near[LESSON_WORD]);

#endif
