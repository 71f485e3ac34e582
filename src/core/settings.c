#include "core/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const struct setting_kind setting_kinds[SETTING_COUNT] = {
    [SETTING_HEADS] = {"heads", "N", "number of heads; splits the columns of rank-2 q, k, v"},
    [SETTING_KV_HEADS] = {"kv_heads", "N", "number of key/value heads (grouped-query attention)"},
    [SETTING_CAUSAL] = {"causal", "[start|end|N|no]",
                        "query i sees keys j <= i (+ N); end aligns the last query with the last key"},
    [SETTING_SCALE] = {"scale", "X", "factor on the scores (default 1/sqrt(d_k))"},
    [SETTING_SOFTCAP] = {"softcap", "C", "squash scaled scores to C*tanh(s/C)"},
    [SETTING_WINDOW] = {"window", "W|L,R", "see only keys from i-L to i+R (W: both; -1: no limit)"},
    [SETTING_MASK_TRUE_BLOCKS] = {"mask_true_blocks", NULL,
                                  "true in the mask forbids, as in nn.MultiheadAttention"},
};

enum setting setting_named(const char *name)
{
    enum setting i = 0;
    while (i < SETTING_COUNT && strcmp(setting_kinds[i].name, name) != 0)
        i++;
    return i;
}

static bool take_count(size_t *count, const char *text)
{
    int64_t value;
    if (!text_to_integer(text, &value) || value < 1 || value > INT32_MAX)
        return false;
    *count = (size_t)value;
    return true;
}

static bool take_causal(struct settings *settings, const char *text)
{
    int64_t offset = 0;
    enum causal causal = CAUSAL_START;
    if (!text || strcmp(text, "true") == 0 || strcmp(text, "start") == 0)
        causal = CAUSAL_START;
    else if (strcmp(text, "end") == 0)
        causal = CAUSAL_END;
    else if (strcmp(text, "no") == 0 || strcmp(text, "false") == 0)
        causal = CAUSAL_NO;
    else if (!text_to_integer(text, &offset) || offset < -INT32_MAX || offset > INT32_MAX)
        return false;
    settings->causal = causal;
    settings->causal_offset = offset;
    return true;
}

static bool take_number(double *number, const char *text, bool zero_too)
{
    double value;
    if (!text_to_number(text, &value) || !isfinite((float)value) || (value != 0 && (float)value == 0) ||
        (!zero_too && !(value > 0)))
        return false;
    *number = value;
    return true;
}

/* "3" (both sides) or "3,0". */
static bool take_window(struct settings *settings, const char *text)
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
    settings->window_left = l;
    settings->window_right = r;
    return true;
}

static bool take_flag(bool *flag, const char *text)
{
    *flag = !text || strcmp(text, "true") == 0;
    return *flag || strcmp(text, "false") == 0;
}

bool settings_take(struct settings *settings, enum setting which, const char *text, const char *called,
                   enum error_kind kind, struct error *error)
{
    bool ok = false;
    const char *expected = "";
    switch (which) {
    case SETTING_HEADS:
    case SETTING_KV_HEADS:
        ok = text && take_count(which == SETTING_HEADS ? &settings->heads : &settings->kv_heads, text);
        expected = "a whole number of 1 or more";
        break;
    case SETTING_CAUSAL:
        ok = take_causal(settings, text);
        expected = "true, false, start, end or a whole number (the offset)";
        break;
    case SETTING_SCALE:
        ok = text && take_number(&settings->scale, text, true);
        expected = "a finite number";
        break;
    case SETTING_SOFTCAP:
        ok = text && (take_number(&settings->softcap, text, false) ||
                      (strcmp(text, "0") == 0 && (settings->softcap = 0, true)));
        expected = "a number above 0, or 0 for none";
        break;
    case SETTING_WINDOW:
        ok = text && take_window(settings, text);
        expected = "a whole number, or two as L,R, of -1 (no limit) or more";
        break;
    case SETTING_MASK_TRUE_BLOCKS:
        ok = take_flag(&settings->mask_true_blocks, text);
        expected = "true or false";
        break;
    case SETTING_COUNT:
        break;
    }
    if (!ok)
        return error_set(error, kind, "%s is \"%s\": expected %s", called, text ? text : "", expected);
    settings->given |= 1u << which;
    return true;
}

void settings_override(struct settings *settings, const struct settings *over)
{
    unsigned given = over->given;
    if (given & 1u << SETTING_HEADS)
        settings->heads = over->heads;
    if (given & 1u << SETTING_KV_HEADS)
        settings->kv_heads = over->kv_heads;
    if (given & 1u << SETTING_CAUSAL) {
        settings->causal = over->causal;
        settings->causal_offset = over->causal_offset;
    }
    if (given & 1u << SETTING_SCALE)
        settings->scale = over->scale;
    if (given & 1u << SETTING_SOFTCAP)
        settings->softcap = over->softcap;
    if (given & 1u << SETTING_WINDOW) {
        settings->window_left = over->window_left;
        settings->window_right = over->window_right;
    }
    if (given & 1u << SETTING_MASK_TRUE_BLOCKS)
        settings->mask_true_blocks = over->mask_true_blocks;
    settings->given |= given;
}
