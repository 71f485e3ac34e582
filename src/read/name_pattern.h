/* Patterns of names with numbers in them, as frameworks give them to arrays. */
#ifndef ATTN_READ_NAME_PATTERN_H
#define ATTN_READ_NAME_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers that a name has in the places of %d and %s, SIZE_MAX where there is no such place. */
struct name_numbers {
    size_t layer; /* %d */
    size_t step;  /* %s */
    size_t start; /* the bytes that "*." stands for; never SIZE_MAX */
};

/*
 * Whether the whole of a name has the form of the pattern, in any case of letters: %d and %s stand for a number of at most
 * nine digits, and "*." in front for nothing, or for any modules around, which end in a dot.
 */
bool name_pattern_fits(const char *pattern, const char *name, struct name_numbers *numbers);

/*
 * The endings of many names, a bit for the hash of each, so that most patterns need not be compared with any of them. An ending is
 * the last word between dots, and the last two, in small letters and without digits: all layers have the same. Begins zeroed.
 */
enum { NAME_ENDINGS = 1 << 16 };
struct name_endings {
    uint64_t bits[NAME_ENDINGS / 64];
};

void name_endings_add(struct name_endings *endings, const char *name);
/* False where the pattern fits none of the names that were added; true where it may. */
bool name_endings_have(const struct name_endings *endings, const char *pattern);

#endif
