#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Length of the valid UTF-8 character at data[0..size), 0 if there is none; its code point in *code. */
static size_t character(const unsigned char *data, size_t size, uint32_t *code)
{
    unsigned char first = data[0];
    if (first < 0x80) {
        *code = first;
        return 1;
    }
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || size < length)
        return 0;
    uint32_t value = first & (0x7F >> length);
    for (size_t i = 1; i < length; i++) {
        if ((data[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (data[i] & 0x3F);
    }
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *code = value;
    return length;
}

uint32_t text_decode(const char **text)
{
    const unsigned char *data = (const unsigned char *)*text;
    if (data[0] == 0)
        return 0;
    if (data[0] == 0xC0 && data[1] == 0x80) {
        *text += 2;
        return 0;
    }
    uint32_t code;
    size_t length = character(data, strnlen(*text, 4), &code);
    if (length == 0) {
        *text += 1;
        return 0xFFFD;
    }
    *text += length;
    return code;
}

size_t text_encode(uint32_t code, char out[4])
{
    if (code == 0) {
        memcpy(out, TEXT_NUL, 2);
        return 2;
    }
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    static const unsigned char lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(lead[length] | code);
    return length;
}

size_t text_valid_length(const char *data, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint32_t code;
        size_t length = character((const unsigned char *)data + at, size - at, &code);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

bool text_is_valid(const char *text)
{
    for (;;) {
        size_t rest = strlen(text), valid = text_valid_length(text, rest);
        if (valid == rest)
            return true;
        text += valid;
        if (!text_begins(text, TEXT_NUL))
            return false;
        text += strlen(TEXT_NUL);
    }
}

char *text_copy(const char *text)
{
    return text_copy_part(text, strlen(text));
}

char *text_copy_part(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = 0;
    }
    return copy;
}

char *text_format(const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length < 0 ? NULL : malloc((size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}

bool text_is_unfit(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C ||
           (code >= 0x200E && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

size_t text_show(const char **text, char out[TEXT_SHOWN])
{
    const char *start = *text;
    const uint32_t code = text_decode(text);
    const size_t length = (size_t)(*text - start);
    if (code == 0xFFFD && length == 1)
        return (size_t)snprintf(out, TEXT_SHOWN, "\\x%02X", (unsigned char)*start);
    if (text_is_unfit(code))
        return (size_t)snprintf(out, TEXT_SHOWN, code < 0x100 ? "\\x%02X" : "\\u{%X}", (unsigned)code);
    memcpy(out, start, length);
    return length;
}

void text_clean(char *out, size_t size, const char *text)
{
    size_t used = 0;
    while (*text) {
        char piece[TEXT_SHOWN];
        size_t length = text_show(&text, piece);
        if (used + length >= size) {
            out[used] = 0;
            text_mark_cut(out, size);
            return;
        }
        memcpy(out + used, piece, length);
        used += length;
    }
    out[used] = 0;
}

void text_mark_cut(char *out, size_t size)
{
    static const char ellipsis[] = "…";
    size_t length = strlen(out);
    if (size < sizeof ellipsis)
        return;
    if (length + sizeof ellipsis > size) {
        length = size - sizeof ellipsis;
        while (length > 0 && ((unsigned char)out[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(out + length, ellipsis, sizeof ellipsis);
}

/* Columns of one character. Ranges after Unicode 15 East Asian Width W and F, and the common combining
 * blocks. */
static size_t columns_of(uint32_t c)
{
    static const struct {
        uint32_t first, last;
        size_t columns;
    } ranges[] = {
        {0x0300, 0x036F, 0},   {0x0483, 0x0489, 0},   {0x0591, 0x05BD, 0},   {0x0610, 0x061A, 0},
        {0x064B, 0x065F, 0},   {0x06D6, 0x06DC, 0},   {0x0900, 0x0902, 0},   {0x093C, 0x093C, 0},
        {0x0941, 0x0948, 0},   {0x094D, 0x094D, 0},   {0x0E31, 0x0E31, 0},   {0x0E34, 0x0E3A, 0},
        {0x0E47, 0x0E4E, 0},   {0x1100, 0x115F, 2},   {0x1AB0, 0x1AFF, 0},   {0x1DC0, 0x1DFF, 0},
        {0x200B, 0x200F, 0},   {0x20D0, 0x20FF, 0},   {0x231A, 0x231B, 2},   {0x2329, 0x232A, 2},
        {0x23E9, 0x23EC, 2},   {0x25FD, 0x25FE, 2},   {0x2614, 0x2615, 2},   {0x2648, 0x2653, 2},
        {0x26AA, 0x26AB, 2},   {0x26BD, 0x26BE, 2},   {0x2705, 0x2705, 2},   {0x270A, 0x270B, 2},
        {0x2728, 0x2728, 2},   {0x274C, 0x274C, 2},   {0x2753, 0x2755, 2},   {0x2795, 0x2797, 2},
        {0x2B1B, 0x2B1C, 2},   {0x2B50, 0x2B50, 2},   {0x2E80, 0x303E, 2},   {0x3041, 0x33FF, 2},
        {0x3400, 0x4DBF, 2},   {0x4E00, 0x9FFF, 2},   {0xA000, 0xA4CF, 2},   {0xA960, 0xA97C, 2},
        {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},   {0xFE00, 0xFE0F, 0},   {0xFE20, 0xFE2F, 0},
        {0xFE30, 0xFE6F, 2},   {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2},   {0x1F1E6, 0x1F1FF, 1},
        {0x1F300, 0x1F64F, 2}, {0x1F680, 0x1F6FF, 2}, {0x1F7E0, 0x1F7EB, 2}, {0x1F900, 0x1FAFF, 2},
        {0x20000, 0x3FFFD, 2}, {0xE0100, 0xE01EF, 0},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges && c >= ranges[i].first; i++)
        if (c <= ranges[i].last)
            return ranges[i].columns;
    return 1;
}

size_t text_columns(const char *text)
{
    size_t columns = 0;
    while (*text)
        columns += columns_of(text_decode(&text));
    return columns;
}

enum { LONGEST_WORD = 40 };

/* A word without what people mix up: case, '_' and '-'. Returns its length, LONGEST_WORD or more for a long
 * one. */
static size_t plain_word(const char *word, char plain[LONGEST_WORD])
{
    size_t length = 0;
    for (; *word && length < LONGEST_WORD; word++)
        if (*word != '_' && *word != '-')
            plain[length++] = *word >= 'A' && *word <= 'Z' ? (char)(*word + 'a' - 'A') : *word;
    return *word ? LONGEST_WORD : length;
}

/* Damerau-Levenshtein distance (optimal string alignment) of two words. */
static size_t distance(const char *a, size_t la, const char *b, size_t lb)
{
    size_t cost[LONGEST_WORD + 1][LONGEST_WORD + 1];
    for (size_t i = 0; i <= la; i++)
        cost[i][0] = i;
    for (size_t j = 0; j <= lb; j++)
        cost[0][j] = j;
    for (size_t i = 1; i <= la; i++) {
        for (size_t j = 1; j <= lb; j++) {
            size_t best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (cost[i - 1][j] + 1 < best)
                best = cost[i - 1][j] + 1;
            if (cost[i][j - 1] + 1 < best)
                best = cost[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                cost[i - 2][j - 2] + 1 < best)
                best = cost[i - 2][j - 2] + 1;
            cost[i][j] = best;
        }
    }
    return cost[la][lb];
}

size_t text_distance(const char *a, const char *b)
{
    char plain[LONGEST_WORD], other[LONGEST_WORD];
    const size_t la = plain_word(a, plain), lb = plain_word(b, other);
    return la == LONGEST_WORD || lb == LONGEST_WORD ? SIZE_MAX : distance(plain, la, other, lb);
}

const char *text_nearest(const char *word, const char *const *words)
{
    char plain[LONGEST_WORD], other[LONGEST_WORD];
    const char *nearest = NULL, *begins = NULL;
    size_t length = plain_word(word, plain), best = length / 3 + 1;
    if (length == 0 || length == LONGEST_WORD)
        return NULL;
    for (; *words; words++) {
        size_t other_length = plain_word(*words, other);
        if (other_length == LONGEST_WORD)
            continue;
        size_t d = distance(plain, length, other, other_length);
        if (d < best) {
            best = d;
            nearest = *words;
        }
        if (length >= 3 && other_length >= length && memcmp(plain, other, length) == 0)
            begins = *words;
    }
    return nearest ? nearest : begins;
}

bool text_begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool text_ends(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

bool text_ends_caseless(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcasecmp(text + length - tail, end) == 0;
}

bool text_to_integer(const char *text, int64_t *value)
{
    if (!(text[0] >= '0' && text[0] <= '9') && !(text[0] == '-' && text[1] >= '0' && text[1] <= '9'))
        return false;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || *end)
        return false;
    *value = number;
    return true;
}

bool text_to_number(const char *text, double *value)
{
    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
        return false;
    char *end;
    *value = strtod(text, &end);
    return *end == 0;
}
