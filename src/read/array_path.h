/* FILE, FILE:NAME and FILE:NAME[INDEX] on a command line: a file, an array of it, a part of that. */
#ifndef ATTN_READ_ARRAY_PATH_H
#define ATTN_READ_ARRAY_PATH_H

#include <stdbool.h>

#include "base/error.h"

/* The texts are parts of `memory`. */
struct array_path {
    char *memory; /* owned */
    const char *file;
    const char *name, *index; /* NULL where they are not said */
};

/* Takes a text apart. One that is a file, or does not have a file in front of a colon, is taken as it is. array_path_free in any
 * case. Errors: no memory. */
bool array_path_make(struct array_path *path, const char *text, struct error *error);
/* Whether a text names standard input, or an array of it: "-", "-:NAME". */
bool array_path_is_standard(const char *text);
void array_path_free(struct array_path *path);

#endif
