#include "tensor/strict_json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

bool strict_json_error(const struct strict_json *json, const char *message)
{
    return error_set(json->error, ERROR_INPUT, "%s: byte %zu of %s: %s", json->source->name,
                     (size_t)(json->at - json->source->data), json->what, message);
}

static void strict_blanks(struct strict_json *json)
{
    while (json->at < json->end && *json->at && strchr(" \t\r\n", *json->at))
        json->at++;
}

bool strict_json_is(struct strict_json *json, char c)
{
    strict_blanks(json);
    const bool is = json->at < json->end && *json->at == c;
    json->at += is;
    return is;
}

bool strict_json_expect(struct strict_json *json, char c)
{
    char message[32];
    snprintf(message, sizeof message, "expected %c", c);
    return strict_json_is(json, c) || strict_json_error(json, message);
}

bool strict_json_end(struct strict_json *json)
{
    strict_blanks(json);
    return json->at == json->end || strict_json_error(json, "expected nothing behind the brace that ends it");
}

/* ---- strings ---- */

/* The four hexadecimal digits behind \u, or -1. */
static int32_t strict_hex(const char *at, const char *end)
{
    static const char digits[] = "0123456789abcdef";
    int32_t code = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        const char c = at[i] >= 'A' && at[i] <= 'F' ? (char)(at[i] + ('a' - 'A')) : at[i];
        const char *digit = c ? strchr(digits, c) : NULL;
        if (!digit)
            return -1;
        code = code * 16 + (int32_t)(digit - digits);
    }
    return code;
}

/* Decodes the escape at *at, moves behind it and *to behind what it stands for. False: it is none, or half of a pair. */
static bool strict_escape(const char **at, const char *end, char **to)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char c = end - *at > 1 ? (*at)[1] : 0;
    const char *letter = c ? strchr(letters, c) : NULL;
    if (letter) {
        *(*to)++ = meant[letter - letters];
        *at += 2;
        return true;
    }
    int32_t code = strict_hex(*at, end);
    if (code < 0)
        return false;
    *at += 6;
    if (code >= 0xD800 && code <= 0xDFFF) {
        const int32_t low = strict_hex(*at, end);
        if (code > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
            return false;
        *at += 6;
        code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00);
    }
    *to += text_encode((uint32_t)code, *to);
    return true;
}

/* Decodes [at, end), which is no longer than its escapes are. */
static bool strict_decode(const char *at, const char *end, char *to)
{
    while (at < end) {
        if (*at != '\\')
            *to++ = *at++;
        else if (!strict_escape(&at, end, &to))
            return false;
    }
    *to = 0;
    return true;
}

/* The quote that ends a string which begins at `at`, behind its first; NULL: it has no end, or a control character. */
static const char *strict_quote(const char *at, const char *end)
{
    for (; at < end && *at != '"'; at++) {
        if ((unsigned char)*at < ' ')
            return NULL;
        if (*at == '\\' && ++at == end)
            return NULL;
    }
    return at < end ? at : NULL;
}

char *strict_json_string(struct strict_json *json)
{
    if (!strict_json_is(json, '"')) {
        strict_json_error(json, "expected a string");
        return NULL;
    }
    const char *close = strict_quote(json->at, json->end);
    const size_t length = close ? (size_t)(close - json->at) : 0;
    if (!close || text_valid_length(json->at, length) != length) {
        strict_json_error(json, "expected a string of UTF-8 that ends");
        return NULL;
    }
    char *text = memory_alloc(length + 1, 1, json->error);
    if (text && !strict_decode(json->at, close, text)) {
        strict_json_error(json, "expected a string whose escapes are those of JSON");
        free(text);
        text = NULL;
    }
    json->at = close + 1;
    return text;
}

/* ---- numbers ---- */

static bool strict_is_digit(const struct strict_json *json)
{
    return json->at < json->end && *json->at >= '0' && *json->at <= '9';
}

bool strict_json_whole(struct strict_json *json, size_t *number)
{
    strict_blanks(json);
    const char *start = json->at;
    *number = 0;
    for (; strict_is_digit(json); json->at++)
        if (!size_multiply(*number, 10, number) ||
            __builtin_add_overflow(*number, (size_t)(*json->at - '0'), number))
            return strict_json_error(json, "a number that no file needs: expected a smaller one");
    if (json->at == start || (*start == '0' && json->at - start > 1))
        return strict_json_error(json, "expected a whole number");
    return true;
}

bool strict_json_wholes(struct strict_json *json, size_t *list, size_t most, size_t *count)
{
    *count = 0;
    if (!strict_json_expect(json, '['))
        return false;
    if (strict_json_is(json, ']'))
        return true;
    do {
        size_t number;
        if (!strict_json_whole(json, &number))
            return false;
        if (*count < most)
            list[*count] = number;
        ++*count;
    } while (strict_json_is(json, ','));
    return strict_json_expect(json, ']');
}

/* ---- values that are not looked at ---- */

static bool skip_digits(struct strict_json *json)
{
    const char *start = json->at;
    while (strict_is_digit(json))
        json->at++;
    return json->at > start;
}

static bool skip_number(struct strict_json *json)
{
    json->at += *json->at == '-';
    const bool is_zero = json->at < json->end && *json->at == '0';
    const char *start = json->at;
    bool ok = skip_digits(json) && !(is_zero && json->at - start > 1);
    if (ok && json->at < json->end && *json->at == '.') {
        json->at++;
        ok = skip_digits(json);
    }
    if (ok && json->at < json->end && (*json->at == 'e' || *json->at == 'E')) {
        json->at++;
        json->at += json->at < json->end && (*json->at == '+' || *json->at == '-');
        ok = skip_digits(json);
    }
    return ok || strict_json_error(json, "expected a digit");
}

static bool skip_word(struct strict_json *json)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t length = strlen(words[i]);
        if ((size_t)(json->end - json->at) >= length && memcmp(json->at, words[i], length) == 0) {
            json->at += length;
            return true;
        }
    }
    return strict_json_error(json, "expected a value");
}

static bool skip_string(struct strict_json *json)
{
    char *text = strict_json_string(json);
    const bool is_there = text;
    free(text);
    return is_there;
}

static bool skip_value(struct strict_json *json, int depth);

/* A list or object, behind its bracket. */
static bool skip_elements(struct strict_json *json, char close, int depth)
{
    if (depth == STRICT_JSON_NESTING)
        return strict_json_error(json, "lists in lists: expected them less deep");
    if (strict_json_is(json, close))
        return true;
    do
        if ((close == '}' && (!skip_string(json) || !strict_json_expect(json, ':'))) ||
            !skip_value(json, depth + 1))
            return false;
    while (strict_json_is(json, ','));
    return strict_json_expect(json, close);
}

static bool skip_value(struct strict_json *json, int depth)
{
    if (strict_json_is(json, '{'))
        return skip_elements(json, '}', depth);
    if (strict_json_is(json, '['))
        return skip_elements(json, ']', depth);
    if (json->at < json->end && *json->at == '"')
        return skip_string(json);
    if (strict_is_digit(json) || (json->at < json->end && *json->at == '-'))
        return skip_number(json);
    return skip_word(json);
}

bool strict_json_skip(struct strict_json *json)
{
    return skip_value(json, 0);
}
