/* Patterns of names with numbers in them, as frameworks give them to arrays. */
#ifndef ATTN_READ_NAME_PATTERN_H
#define ATTN_READ_NAME_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
