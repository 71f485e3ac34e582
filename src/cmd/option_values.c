#include "cmd/option_values.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/words.h"
#include "compute/joining.h"
#include "figure/heatmap.h"
#include "problem/settings.h"
#include "problem/settings_parse.h"

/* `--NAME is "TEXT": expected EXPECTED`. Always false. */
static bool value_wrong(const struct option_row *row, const char *text, const char *expected,
                        struct error *error)
{
    return error_set(error, ERROR_USAGE, "--%s is \"%s\": expected %s", row->name, text, expected);
}

/* ---- switches, strings and words ---- */

bool value_flag(const struct option_row *row, void *value, const char *text, struct error *error)
{
    (void)row, (void)text, (void)error;
    *(bool *)value = true;
    return true;
}

bool value_string(const struct option_row *row, void *value, const char *text, struct error *error)
{
    (void)row, (void)error;
    *(const char **)value = text;
    return true;
}

bool value_utf8(const struct option_row *row, void *value, const char *text, struct error *error)
{
    *(const char **)value = text;
    return text_is_valid(text) || value_wrong(row, text, "text in UTF-8", error);
}

bool value_file(const struct option_row *row, void *value, const char *text, struct error *error)
{
    const char **file = value;
    if (*file)
        return error_set(error, ERROR_USAGE, "--%s is given twice", row->name);
    *file = text;
    return true;
}

bool value_strings(const struct option_row *row, void *value, const char *text, struct error *error)
{
    (void)row;
    struct string_list *list = value;
    if (!memory_resize(&list->text, list->count + 1, sizeof *list->text, error))
        return false;
    list->text[list->count++] = text;
    return true;
}

/* The place of the text among the words of the row. */
static bool word_place(int *place, const struct option_row *row, const char *text, struct error *error)
{
    char called[40];
    *place = words_find(row->words, text);
    if (*place >= 0)
        return true;
    snprintf(called, sizeof called, "--%s", row->name);
    return words_error(row->words, called, text, NULL, ERROR_USAGE, error);
}

bool value_word(const struct option_row *row, void *value, const char *text, struct error *error)
{
    int place;
    if (!word_place(&place, row, text, error))
        return false;
    *(int *)value = (int)row->least + place;
    return true;
}

bool value_word_text(const struct option_row *row, void *value, const char *text, struct error *error)
{
    int place;
    *(const char **)value = text;
    return word_place(&place, row, text, error);
}

bool value_stage(const struct option_row *row, void *value, const char *text, struct error *error)
{
    int place;
    if (!word_place(&place, row, text, error))
        return false;
    *(unsigned *)value |= 1u << place;
    return true;
}

bool value_stage_bit(const struct option_row *row, void *value, const char *text, struct error *error)
{
    (void)text, (void)error;
    *(unsigned *)value |= 1u << row->least;
    return true;
}

bool value_average(const struct option_row *row, void *value, const char *text, struct error *error)
{
    unsigned chosen = 0;
    for (const char *at = text;; at++) {
        char word[8];
        size_t length = strcspn(at, ",");
        int place = -1;
        if (length < sizeof word) {
            memcpy(word, at, length);
            word[length] = 0;
            place = words_find(row->words, word);
        }
        if (place < 0) /* says what is wrong */
            return word_place(&place, row, text, error);
        chosen |= 1u << place;
        at += length;
        if (!*at)
            break;
    }
    *(unsigned *)value = chosen;
    return true;
}

bool value_annotate(const struct option_row *row, void *value, const char *text, struct error *error)
{
    int place = ANNOTATE_ON;
    if (text && !word_place(&place, row, text, error))
        return false;
    *(enum annotate *)value = (enum annotate)place;
    return true;
}

bool value_words(const struct option_row *row, void *value, const char *text, struct error *error)
{
    int place = 0;
    if (text && !word_place(&place, row, text, error))
        return false;
    *(int *)value = WORDS_PIECES + place;
    return true;
}

/* ---- numbers ---- */

/* A whole number between the bounds of the row. */
static bool parse_whole(size_t *value, const struct option_row *row, const char *text, const char *expected,
                        struct error *error)
{
    int64_t number;
    if (!text_to_integer(text, &number) || number < row->least || number > row->most)
        return value_wrong(row, text, expected, error);
    *value = (size_t)number;
    return true;
}

bool value_count(const struct option_row *row, void *value, const char *text, struct error *error)
{
    char expected[80];
    snprintf(expected, sizeof expected, "a whole number from %lld to %lld", row->least, row->most);
    return parse_whole(value, row, text, expected, error);
}

bool value_pixels(const struct option_row *row, void *value, const char *text, struct error *error)
{
    char expected[80];
    snprintf(expected, sizeof expected, "a whole number of pixels from %lld to %lld", row->least, row->most);
    return parse_whole(value, row, text, expected, error);
}

bool value_number(const struct option_row *row, void *value, const char *text, struct error *error)
{
    double *number = value;
    char expected[80];
    if (text_to_number(text, number) && *number >= (double)row->least && *number <= (double)row->most)
        return true;
    snprintf(expected, sizeof expected, "a number from %lld to %lld", row->least, row->most);
    return value_wrong(row, text, expected, error);
}

bool value_bound(const struct option_row *row, void *value, const char *text, struct error *error)
{
    double number;
    if (!text_to_number(text, &number) || number > 3e38 || number < -3e38)
        return value_wrong(row, text, "a number", error);
    *(float *)value = (float)number;
    return true;
}

bool value_top(const struct option_row *row, void *value, const char *text, struct error *error)
{
    double number;
    if (strcmp(text, "auto") == 0) {
        *(float *)value = NAN;
        return true;
    }
    if (!text_to_number(text, &number))
        return value_wrong(row, text, "a number or auto", error);
    return value_bound(row, value, text, error);
}

/* Digits at *text, moving behind them; at most 9 of them. */
static bool parse_digits(const char **text, size_t *value)
{
    size_t length = strspn(*text, "0123456789");
    if (length == 0 || length > 9)
        return false;
    *value = (size_t)strtoul(*text, NULL, 10);
    *text += length;
    return true;
}

/* The place of a layer or head at *text, moving behind it: from 0 on, or negative, counted from the end. */
static bool parse_place(const char **text, int64_t *value)
{
    enum { LIMIT = 1 << 12 };
    size_t number;
    bool negative = **text == '-';
    *text += negative;
    if (!parse_digits(text, &number) || number > LIMIT || (negative && number == 0))
        return false;
    *value = negative ? -(int64_t)number : (int64_t)number;
    return true;
}

/* "3", "5:8", "-2:", ":4" at *text, moving behind it. */
static bool parse_span(const char **text, struct index_span *span)
{
    bool has_first = **text != ':', has_end;
    *span = (struct index_span){0, 0};
    if (has_first && !parse_place(text, &span->first))
        return false;
    if (**text != ':') { /* -1 alone reaches to the end, 0 */
        span->end = span->first + 1;
        return true;
    }
    ++*text;
    has_end = **text && !strchr(",.", **text);
    if (has_end && (!parse_place(text, &span->end) || span->end == 0))
        return false;
    bool comparable = has_end && (span->first < 0) == (span->end < 0);
    return (has_first || has_end) && (!comparable || span->first < span->end);
}

/* The error of a list. Always false. */
static bool list_wrong(const struct option_row *row, const char *text, struct error *error)
{
    unsigned first, last;
    int end = 0;
    if (sscanf(text, "%5u-%5u%n", &first, &last, &end) == 2 && !text[end] && first < last) {
        char expected[96];
        snprintf(expected, sizeof expected, "%u:%u for %u to %u; a range is without its end", first, last + 1,
                 first, last);
        return value_wrong(row, text, expected, error);
    }
    return value_wrong(row, text, "numbers and ranges, such as 0,3,5:8, or -1 for the last", error);
}

bool value_list(const struct option_row *row, void *value, const char *text, struct error *error)
{
    struct span_list *list = value;
    const char *at = text;
    free(list->span);
    *list = (struct span_list){0};
    for (;;) {
        struct index_span span;
        if (!parse_span(&at, &span) || (*at && *at != ','))
            return list_wrong(row, text, error);
        if (!memory_resize(&list->span, list->count + 1, sizeof *list->span, error))
            return false;
        list->span[list->count++] = span;
        if (!*at++)
            return true;
    }
}

/* "*", all, or a span at *text, moving behind it. */
static bool parse_span_or_all(const char **text, struct index_span *span)
{
    *span = (struct index_span){0, 0};
    if (**text != '*')
        return parse_span(text, span);
    ++*text;
    return true;
}

bool value_picks(const struct option_row *row, void *value, const char *text, struct error *error)
{
    struct pick_list *list = value;
    const char *at = text;
    free(list->span);
    *list = (struct pick_list){0};
    for (;;) {
        struct pick_span span;
        if (!parse_span_or_all(&at, &span.layers) || *at++ != '.' || !parse_span_or_all(&at, &span.heads) ||
            (*at && *at != ','))
            return value_wrong(row, text,
                               "layers and heads, such as 5.1,8.10, or 7.* for all heads of layer 7", error);
        if (!memory_resize(&list->span, list->count + 1, sizeof *list->span, error))
            return false;
        list->span[list->count++] = span;
        if (!*at++)
            return true;
    }
}

bool value_range(const struct option_row *row, void *value, const char *text, struct error *error)
{
    struct index_range *range = value;
    const char *at = text;
    *range = (struct index_range){0};
    bool ok = *at == ':' || parse_digits(&at, &range->first);
    if (ok && *at == 0)
        range->end = range->first + 1;
    else if (ok && *at == ':')
        ok = *++at == 0 || (parse_digits(&at, &range->end) && range->end > range->first);
    if (ok && *at == 0 && strcmp(text, ":") != 0)
        return true;
    return value_wrong(row, text, "a range such as 0:10, from the first up to, not with, the last", error);
}

bool value_pair(const struct option_row *row, void *value, const char *text, struct error *error)
{
    enum { LIMIT = 1 << 20 };
    size_t *pair = value;
    const char *at = text;
    bool ok = parse_digits(&at, &pair[0]) && *at++ == ',' && parse_digits(&at, &pair[1]) && *at == 0;
    if (ok && pair[0] >= 1 && pair[1] >= 1 && pair[0] <= LIMIT && pair[1] <= LIMIT)
        return true;
    return value_wrong(row, text, "two whole numbers from 1 to 1048576, such as 14,14", error);
}

bool value_page(const struct option_row *row, void *value, const char *text, struct error *error)
{
    enum { LIMIT = 32767 };
    size_t *page = value;
    const char *at = text;
    bool ok = parse_digits(&at, &page[0]) && *at++ == 'x' && parse_digits(&at, &page[1]) && *at == 0;
    if (ok && page[0] >= 1 && page[1] >= 1 && page[0] <= LIMIT && page[1] <= LIMIT)
        return true;
    return value_wrong(row, text, "pixels of width and height from 1 to 32767, such as 1920x1080", error);
}

bool value_size(const struct option_row *row, void *value, const char *text, struct error *error)
{
    size_t *size = value;
    const char *at = text;
    size_t number = 0, factor = 1;
    bool ok = true;
    for (; ok && *at >= '0' && *at <= '9'; at++)
        ok = size_multiply(number, 10, &number) &&
             !__builtin_add_overflow(number, (size_t)(*at - '0'), &number);
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
    if (ok && *at == 0 && size_multiply(number, factor, size) && *size > 0)
        return true;
    return value_wrong(row, text, "a size above 0 such as 1000000 or 16Mi", error);
}

/* ---- what other rooms parse ---- */

bool value_setting(const struct option_row *row, void *value, const char *text, struct error *error)
{
    char called[40];
    snprintf(called, sizeof called, "--%s", row->name);
    return settings_parse(value, (enum setting)row->least, text, called, ERROR_USAGE, error);
}
