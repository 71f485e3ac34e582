/*
 * Links in Pharaoh's format: a line a sentence, of "3-4" for words that belong together and "3p4" or "3?4" for words that may. The
 * number of the key comes first: by convention that is the source, which decoders attend to.
 */
#ifndef ATTN_READ_LINKS_H
#define ATTN_READ_LINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/links.h"

struct links_target {
    size_t keys, queries; /* how many there are */
    size_t first;         /* the number of the first word in the file, 0 or 1 */
    bool are_reversed;    /* the number of the query comes first */
    bool has_line;        /* a line is wanted: */
    size_t line;          /* its number, from 0. A file of one line is taken whatever the number */
};

/* Reads the links of a line; the caller frees the list. A warning where there are several lines and none is wanted. Errors: those of
 * reading; ERROR_INPUT, with the place, for what is no link, or a link of a word that there is not; ERROR_USAGE for a line that there
 * is not. */
bool links_read(struct word_links *links, const char *path, const struct links_target *target,
                struct warnings *warnings, struct error *error);

#endif
