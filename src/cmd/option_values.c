#include "cmd/option_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/words.h"

bool value_wrong(const char *name, const char *text, const char *expected, struct error *error)
{
    return error_set(error, ERROR_USAGE, "--%s is \"%s\": expected %s", name, text, expected);
}

bool value_word(int *which, const char *text, const char *words, const char *name, struct error *error)
{
    char called[40];
    int place = words_find(words, text);
    if (place >= 0) {
        *which = place;
        return true;
    }
    snprintf(called, sizeof called, "--%s", name);
    return words_error(words, called, text, NULL, ERROR_USAGE, error);
}

/* Digits at *text, moving behind them; at most 9 of them. */
static bool digits(const char **text, size_t *value)
{
    size_t length = strspn(*text, "0123456789");
    if (length == 0 || length > 9)
        return false;
    *value = (size_t)strtoul(*text, NULL, 10);
    *text += length;
    return true;
}

bool value_list(size_t **index, size_t *count, const char *text, const char *name, struct error *error)
{
    enum { LIMIT = 1 << 12 };
    static const char expected[] = "numbers and ranges from 0, such as 0,3,5:8";
    const char *at = text;
    free(*index);
    *index = NULL;
    *count = 0;
    for (;;) {
        size_t first, end;
        if (!digits(&at, &first) || first >= LIMIT)
            return value_wrong(name, text, expected, error);
        end = first + 1;
        if (*at == ':') {
            at++;
            if (!digits(&at, &end) || end <= first || end > LIMIT)
                return value_wrong(name, text, expected, error);
        }
        if (*count + (end - first) > LIMIT)
            return value_wrong(name, text, expected, error);
        if (!memory_resize(index, *count + (end - first), sizeof **index, error))
            return false;
        for (; first < end; first++) {
            for (size_t i = 0; i < *count; i++)
                if ((*index)[i] == first)
                    return error_set(error, ERROR_USAGE, "--%s is \"%s\": it names %zu twice", name, text,
                                     first);
            (*index)[(*count)++] = first;
        }
        if (!*at)
            return true;
        if (*at++ != ',')
            return value_wrong(name, text, expected, error);
    }
}

bool value_range(size_t *first, size_t *end, const char *text, const char *name, struct error *error)
{
    const char *at = text;
    *first = *end = 0;
    bool ok = *at == ':' || digits(&at, first);
    if (ok && *at == 0)
        *end = *first + 1;
    else if (ok && *at == ':')
        ok = *++at == 0 || (digits(&at, end) && *end > *first);
    if (ok && *at == 0 && strcmp(text, ":") != 0)
        return true;
    return value_wrong(name, text, "a range such as 0:10, from the first up to, not with, the last", error);
}

bool value_pair(size_t pair[2], const char *text, const char *name, struct error *error)
{
    const size_t most = 1 << 20;
    const char *at = text;
    bool ok = digits(&at, &pair[0]) && *at++ == ',' && digits(&at, &pair[1]) && *at == 0;
    if (ok && pair[0] >= 1 && pair[1] >= 1 && pair[0] <= most && pair[1] <= most)
        return true;
    return value_wrong(name, text, "two whole numbers from 1 to 1048576, such as 14,14", error);
}

bool value_size(size_t *size, const char *text, const char *name, struct error *error)
{
    const char *at = text;
    size_t value = 0, factor = 1;
    bool ok = true;
    for (; ok && *at >= '0' && *at <= '9'; at++)
        ok = size_multiply(value, 10, &value) && !__builtin_add_overflow(value, (size_t)(*at - '0'), &value);
    ok = ok && at > text;
    switch (*at) {
    case 'k':
    case 'K':
        factor = (size_t)1 << 10;
        break;
    case 'M':
        factor = (size_t)1 << 20;
        break;
    case 'G':
        factor = (size_t)1 << 30;
        break;
    }
    if (factor > 1)
        at += at[1] == 'i' ? 2 : 1;
    if (ok && *at == 0 && size_multiply(value, factor, size) && *size > 0)
        return true;
    return value_wrong(name, text, "a size above 0 such as 1000000 or 16Mi", error);
}
