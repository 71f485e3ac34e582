#include "read/name_pattern.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* Reads a number of at most nine digits. Returns what is behind it, or NULL. */
static const char *pattern_number(const char *name, size_t *number)
{
    size_t length = strspn(name, "0123456789");
    if (length == 0 || length > 9)
        return NULL;
    *number = 0;
    for (; length > 0; length--)
        *number = *number * 10 + (size_t)(*name++ - '0');
    return name;
}

/* The same for a pattern without an asterisk. */
static bool pattern_is(const char *pattern, const char *name, struct name_numbers *numbers)
{
    while (*pattern) {
        if (*pattern == '%') {
            name = pattern_number(name, pattern[1] == 'd' ? &numbers->layer : &numbers->step);
            if (!name)
                return false;
            pattern += 2;
        } else if (tolower((unsigned char)*pattern++) != tolower((unsigned char)*name++)) {
            return false;
        }
    }
    return *name == 0;
}

bool name_pattern_fits(const char *pattern, const char *name, struct name_numbers *numbers)
{
    const struct name_numbers none = {SIZE_MAX, SIZE_MAX, 0};
    const char *whole = name;
    const bool anywhere = strncmp(pattern, "*.", 2) == 0;
    if (anywhere)
        pattern += 2;
    for (;;) {
        *numbers = none;
        if (pattern_is(pattern, name, numbers)) {
            numbers->start = (size_t)(name - whole);
            return true;
        }
        name = anywhere ? strchr(name, '.') : NULL;
        if (!name)
            return false;
        name++;
    }
}

/* ---- endings ---- */

/* The bit of the last `words` words. Of a pattern %d and %s are left out, as digits are. FNV-1a, by Fowler, Noll and Vo. */
static size_t ending_bit(const char *name, int words)
{
    const char *at = name + strlen(name);
    uint32_t hash = UINT32_C(0x811c9dc5);
    while (at > name && (at[-1] != '.' || --words > 0))
        at--;
    for (; *at; at++) {
        if (*at == '%' && at[1])
            at++;
        else if (*at < '0' || *at > '9')
            hash = (hash ^ (uint32_t)tolower((unsigned char)*at)) * UINT32_C(0x01000193);
    }
    return (hash ^ hash >> 16) % NAME_ENDINGS;
}

void name_endings_add(struct name_endings *endings, const char *name)
{
    for (int words = 1; words <= 2; words++) {
        const size_t bit = ending_bit(name, words);
        endings->bits[bit / 64] |= UINT64_C(1) << bit % 64;
    }
}

bool name_endings_have(const struct name_endings *endings, const char *pattern)
{
    const char *rest = pattern + (strncmp(pattern, "*.", 2) == 0 ? 2 : 0);
    const size_t bit = ending_bit(rest, strchr(rest, '.') ? 2 : 1);
    return endings->bits[bit / 64] >> bit % 64 & 1;
}
