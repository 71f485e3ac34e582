#include "problem/settings_parse.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/words.h"
#include "problem/rope_setting.h"
#include "problem/setting_kinds.h"

static bool parse_size(size_t *count, const char *text, int64_t least)
{
    int64_t value;
    if (!text_to_integer(text, &value) || value < least || value > INT32_MAX)
        return false;
    *count = (size_t)value;
    return true;
}

static bool parse_seed(uint64_t *seed, const char *text)
{
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return false;
    *seed = value;
    return at > text && !*at;
}

static bool parse_causal(struct settings *settings, const char *text)
{
    int64_t offset = 0;
    enum causal causal = CAUSAL_START;
    if (!text || strcmp(text, "true") == 0 || strcmp(text, "start") == 0 || strcmp(text, "yes") == 0 ||
        strcmp(text, "on") == 0)
        causal = CAUSAL_START;
    else if (strcmp(text, "end") == 0)
        causal = CAUSAL_END;
    else if (strcmp(text, "no") == 0 || strcmp(text, "false") == 0 || strcmp(text, "off") == 0)
        causal = CAUSAL_NO;
    else if (!text_to_integer(text, &offset) || offset < -INT32_MAX || offset > INT32_MAX)
        return false;
    settings->causal = causal;
    settings->causal_offset = offset;
    return true;
}

static bool fits_float(double value)
{
    return isfinite((float)value) && (value == 0 || (float)value != 0);
}

static bool parse_number(double *number, const char *text)
{
    double value;
    if (!text_to_number(text, &value) || !fits_float(value))
        return false;
    *number = value;
    return true;
}

/* The part of `text` up to a comma, copied to `one`, which has room for `size` bytes; behind it in *rest, NULL at the
 * end. False where it is too long. */
static bool next_part(const char *text, char *one, size_t size, const char **rest)
{
    size_t length = strcspn(text, ",");
    if (length >= size)
        return false;
    memcpy(one, text, length);
    one[length] = 0;
    *rest = text[length] ? text + length + 1 : NULL;
    return true;
}

/* "0.5", or one a head: "1,0.5"; each as the type allows. */
static bool parse_per_head(struct per_head *list, const char *text, enum setting_type type)
{
    struct per_head parsed = {.count = 0};
    for (const char *rest = text; rest;) {
        char one[48];
        double *number = &parsed.at[parsed.count];
        if (parsed.count == HEADS_LISTED_MAX || !next_part(rest, one, sizeof one, &rest) ||
            !parse_number(number, one))
            return false;
        if ((type == TYPE_POSITIVES && !(*number > 0)) ||
            (type == TYPE_SOFTCAPS && !(*number > 0) && strcmp(one, "0") != 0))
            return false;
        parsed.count++;
    }
    *list = parsed;
    return true;
}

/* "3" (both sides) or "3,0". */
static bool parse_window(struct windows *window, const char *text)
{
    const char *comma = strchr(text, ',');
    char left[24];
    size_t length = comma ? (size_t)(comma - text) : strlen(text);
    if (length >= sizeof left)
        return false;
    memcpy(left, text, length);
    left[length] = 0;
    int64_t l, r;
    if (!text_to_integer(left, &l) || !text_to_integer(comma ? comma + 1 : left, &r))
        return false;
    if (l < -1 || r < -1 || l > INT32_MAX || r > INT32_MAX)
        return false;
    window->left[window->count] = l;
    window->right[window->count++] = r;
    return true;
}

/* "3,0", or one a head: "3,0;7,0". */
static bool parse_windows(struct windows *windows, const char *text)
{
    struct windows parsed = {.count = 0};
    for (;; text++) {
        char one[64];
        const size_t length = strcspn(text, ";");
        if (length >= sizeof one || parsed.count == HEADS_LISTED_MAX)
            return false;
        memcpy(one, text, length);
        one[length] = 0;
        if (!parse_window(&parsed, one))
            return false;
        text += length;
        if (!*text)
            break;
    }
    *windows = parsed;
    return true;
}

static bool parse_flag(bool *flag, const char *text)
{
    *flag = !text || strcmp(text, "true") == 0;
    return *flag || strcmp(text, "false") == 0;
}

/* The index of the text among the words. */
static bool parse_word(int *word, const char *text, const char *words)
{
    int place = words_find(words, text);
    *word = place >= 0 ? place : *word;
    return place >= 0;
}

/* "0,5,9", of numbers of `least` or more. */
static bool parse_positions(struct positions *list, const char *text, int64_t least)
{
    struct positions parsed = {.count = 0};
    for (;; text++) {
        char one[24];
        size_t length = strcspn(text, ",");
        if (length >= sizeof one || parsed.count == GLOBAL_MAX)
            return false;
        memcpy(one, text, length);
        one[length] = 0;
        if (!parse_size(&parsed.at[parsed.count++], one, least))
            return false;
        text += length;
        if (!*text)
            break;
    }
    *list = parsed;
    return true;
}

/* Parses one setting: *ok says whether it could. Returns what was expected; NULL: one of its words. */
static const char *parse_setting(struct settings *settings, enum setting which, const char *text, bool *ok)
{
    void *field = (char *)settings + setting_kinds[which].at;
    double *number = field;
    *ok = false;
    switch (setting_kinds[which].type) {
    case TYPE_COUNT:
        *ok = text && parse_size(field, text, 1);
        return "a whole number of 1 or more";
    case TYPE_INDEX:
        *ok = text && parse_size(field, text, 0);
        return "a whole number of 0 or more";
    case TYPE_SEED:
        *ok = text && parse_seed(field, text);
        return "a whole number of 0 or more, below 2^64";
    case TYPE_POSITIVE:
        *ok = text && parse_number(number, text) && *number > 0;
        return "a number above 0";
    case TYPE_POSITIVES:
        *ok = text && parse_per_head(field, text, TYPE_POSITIVES);
        return "a number above 0, or one a head";
    case TYPE_FINITES:
        *ok = text && parse_per_head(field, text, TYPE_FINITES);
        return "a finite number, or one a head";
    case TYPE_SHARE:
        *ok = text && parse_number(number, text) && *number >= 0 && (float)*number < 1;
        return "a number from 0 up to, not with, 1, also as float32";
    case TYPE_SOFTCAPS:
        *ok = text && parse_per_head(field, text, TYPE_SOFTCAPS);
        return "a number above 0, or 0 for none, or one a head";
    case TYPE_FILL:
        *ok = text && (strcasecmp(text, "nan") == 0 || parse_number(number, text));
        if (*ok && strcasecmp(text, "nan") == 0)
            *number = (double)NAN;
        return "a finite number, or nan";
    case TYPE_FLAG:
        *ok = parse_flag(field, text);
        return "true or false";
    case TYPE_WORD:
        *ok = text && parse_word(field, text, setting_kinds[which].words);
        return NULL;
    case TYPE_CAUSAL:
        *ok = parse_causal(settings, text);
        return "true, false, start, end, no or a whole number (the offset)";
    case TYPE_WINDOW:
        *ok = text && parse_windows(field, text);
        return "a whole number, or two as L,R, of -1 (no limit) or more; or one a head, as 4,0;8,0";
    case TYPE_LIST:
        *ok = text && parse_positions(field, text, 0);
        return "at most 64 tokens as 0,5,9, counted from 0";
    case TYPE_SECTIONS:
        *ok = text && parse_positions(field, text, 1);
        return "at most 64 numbers of pairs as 16,24,24, of 1 or more";
    case TYPE_ROPE: /* settings_parse reads it, with messages of its own */
        break;
    case TYPE_TEXT:
        *ok = text && *text && strlen(text) < setting_kinds[which].size && text_is_valid(text);
        if (*ok)
            strncpy(field, text, setting_kinds[which].size);
        return "a token of at most 63 bytes of UTF-8";
    }
    return "";
}

/* What to expect in place of a number of the right kind that is too large or too small for its member; NULL:
 * that is not the fault. */
static const char *expected_size(enum setting_type type, const char *text)
{
    double value;
    if ((type == TYPE_COUNT || type == TYPE_INDEX) && strspn(text, "0123456789") == strlen(text) &&
        strspn(text, "0") < strlen(text))
        return "a whole number of at most 2147483647";
    if (type >= TYPE_POSITIVE && type <= TYPE_SOFTCAPS && text_to_number(text, &value) && isfinite(value) &&
        !fits_float(value))
        return "a number that float32 holds, from 1e-45 to 3e38 in size";
    return NULL;
}

/* Other names of what exists under another setting: softmax with a 1 added to its sum is a sink of 0 (Miller,
 * Attention Is Off By One, 2023). */
static const char *other_setting(enum setting which, const char *text)
{
    static const char *const off_by_one[] = {
        "softmax1",         "softmax-1", "softmax_1", "softmax_one",   "softmax-one",   "softmaxone",
        "softmax_plus_one", "softmax1p", "quiet",     "quiet_softmax", "quiet-softmax", "off_by_one"};
    for (size_t i = 0; which == SETTING_NORMALIZER && i < sizeof off_by_one / sizeof *off_by_one; i++)
        if (strcmp(text, off_by_one[i]) == 0)
            return "softmax with a sink of 0 (--sink 0, or \"sink\": 0)";
    return NULL;
}

bool settings_parse(struct settings *settings, enum setting which, const char *text, const char *called,
                    enum error_kind kind, struct error *error)
{
    bool ok;
    if (setting_kinds[which].type == TYPE_ROPE) {
        if (!rope_parse(&settings->rope_scaling, text ? text : "", called, kind, error))
            return false;
        settings_mark(settings, which);
        return true;
    }
    const char *expected = parse_setting(settings, which, text, &ok);
    const char *size = !ok && text ? expected_size(setting_kinds[which].type, text) : NULL;
    const char *other = !ok && text ? other_setting(which, text) : NULL;
    if (other)
        return error_set(error, kind, "%s is \"%s\": expected %s", called, text, other);
    if (!ok)
        return words_error(setting_kinds[which].words, called, text ? text : "", size ? size : expected, kind,
                           error);
    settings_mark(settings, which);
    return true;
}
