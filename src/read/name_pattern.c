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
