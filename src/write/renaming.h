/* Other names for arrays: OLD=NEW, where a * in OLD stands for any text, which goes where NEW has one. */
#ifndef ATTN_WRITE_RENAMING_H
#define ATTN_WRITE_RENAMING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The parts of OLD=NEW, in a text that is borrowed. The star of OLD or NEW is NULL where there is none. */
struct renaming {
    const char *old, *old_end, *old_star, *new, *new_star;
};

/* Errors: ERROR_USAGE, which says what was expected of --rename. */
bool renaming_parse(struct renaming *renaming, const char *text, struct error *error);

/* The new name of an array, by the first whose OLD fits, for which used[i] is set; else the old one. The caller frees it; NULL
 * without memory. */
char *renaming_name(const struct renaming *renamings, size_t count, bool *used, const char *name);

#endif
