/* A key is a row of a table: what it may be, where it lies, and which types have a use for it. */
#include "problem/rope_setting.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *const type_names[] = {"default", "default", "linear",  "dynamic",
                                         "yarn",    "llama3",  "longrope"};
enum { TYPE_COUNT = sizeof type_names / sizeof *type_names };

/* Older names: longrope was su, and default with an mrope_section was mrope. */
static const struct {
    const char *name;
    enum rope_type type;
} older_types[] = {{"su", ROPE_LONGROPE}, {"mrope", ROPE_DEFAULT}};

#define TYPE_BIT(type) (1u << (type))
enum {
    ALL = (1u << TYPE_COUNT) - 1,
    TRAINED = TYPE_BIT(ROPE_DYNAMIC) | TYPE_BIT(ROPE_YARN) | TYPE_BIT(ROPE_LLAMA3) | TYPE_BIT(ROPE_LONGROPE),
    FACTOR = TYPE_BIT(ROPE_LINEAR) | TRAINED,
    YARN = TYPE_BIT(ROPE_YARN),
    LLAMA3 = TYPE_BIT(ROPE_LLAMA3),
    LONGROPE = TYPE_BIT(ROPE_LONGROPE)
};

enum form { ABOVE_0, FROM_0, SHARE, TRUTH, FACTORS, SECTIONS };

#define MEMBER(member) offsetof(struct rope_scaling, member)
static const struct rope_key {
    const char *name;
    enum form form;
    unsigned types;
    size_t at, count; /* offsets of the value, and of how many numbers a list has */
} keys[] = {
    {"factor", ABOVE_0, FACTOR, MEMBER(factor), 0},
    {"original_max_position_embeddings", ABOVE_0, TRAINED, MEMBER(original_max_position_embeddings), 0},
    {"max_position_embeddings", ABOVE_0, TRAINED, MEMBER(max_position_embeddings), 0},
    {"low_freq_factor", ABOVE_0, LLAMA3, MEMBER(low_freq_factor), 0},
    {"high_freq_factor", ABOVE_0, LLAMA3, MEMBER(high_freq_factor), 0},
    {"beta_fast", ABOVE_0, YARN, MEMBER(beta_fast), 0},
    {"beta_slow", ABOVE_0, YARN, MEMBER(beta_slow), 0},
    {"truncate", TRUTH, YARN, MEMBER(untruncated), 0},
    {"mscale", FROM_0, YARN, MEMBER(mscale), 0},
    {"mscale_all_dim", FROM_0, YARN, MEMBER(mscale_all_dim), 0},
    {"attention_factor", ABOVE_0, YARN | LONGROPE, MEMBER(attention_factor), 0},
    {"short_factor", FACTORS, LONGROPE, MEMBER(short_factor), MEMBER(short_count)},
    {"long_factor", FACTORS, LONGROPE, MEMBER(long_factor), MEMBER(long_count)},
    {"rope_theta", ABOVE_0, ALL, MEMBER(rope_theta), 0},
    {"partial_rotary_factor", SHARE, ALL, MEMBER(partial_rotary_factor), 0},
    {"mrope_section", SECTIONS, ALL, MEMBER(mrope_section), MEMBER(section_count)},
};
enum { KEY_COUNT = sizeof keys / sizeof *keys };
_Static_assert(TYPE_COUNT == ROPE_LONGROPE + 1, "every type has a name");

const char *rope_type_name(const struct rope_scaling *scaling)
{
    return type_names[scaling->type];
}

static bool parse_above_0(double *to, const char *text)
{
    double value;
    if (!text_to_number(text, &value) || !(value > 0) || !isfinite((float)value) || (float)value == 0)
        return false;
    *to = value;
    return true;
}

/* "16,24,24", of numbers above 0, or of whole ones from 1. */
static bool parse_list(double *to, size_t *count, size_t most, bool whole, const char *text)
{
    size_t found = 0;
    for (const char *p = text;; p++) {
        char one[40];
        const size_t length = strcspn(p, ",");
        if (length >= sizeof one || found == most)
            return false;
        memcpy(one, p, length);
        one[length] = 0;
        if (!parse_above_0(&to[found], one) ||
            (whole && !(to[found] == floor(to[found]) && to[found] <= INT32_MAX)))
            return false;
        found++;
        p += length;
        if (!*p)
            break;
    }
    *count = found;
    return true;
}

/* Sets the value of a key: *ok says whether it could. Returns what was expected. */
static const char *set_value(struct rope_scaling *scaling, const struct rope_key *key, const char *text,
                             bool *ok)
{
    void *value = (char *)scaling + key->at, *length = (char *)scaling + key->count;
    double *number = value;
    size_t *truth = value, *count = length;
    switch (key->form) {
    case ABOVE_0:
        *ok = parse_above_0(number, text);
        return "a number above 0";
    case FROM_0:
        *ok = strcmp(text, "0") == 0 || parse_above_0(number, text);
        return "a number of 0 or more";
    case SHARE:
        *ok = parse_above_0(number, text) && *number <= 1;
        return "a number above 0, at most 1";
    case TRUTH:
        *truth = strcmp(text, "false") == 0;
        *ok = *truth || strcmp(text, "true") == 0;
        return "true or false";
    case FACTORS:
        *ok = parse_list(number, count, ROPE_PAIRS_MAX, false, text);
        return "at most 128 numbers above 0";
    case SECTIONS:
        *ok = parse_list(number, count, ROPE_AXES_MAX, true, text);
        return "at most 8 whole numbers of 1 or more";
    }
    return "";
}

/* An error of a key, of which text and expectation are said. Always false. */
static bool value_refused(const char *called, const char *key, const char *text, const char *expected,
                          enum error_kind kind, struct error *error)
{
    char shown[80];
    text_clean(shown, sizeof shown, text);
    return error_set(error, kind, "%s: %s is \"%s\": expected %s", called, key, shown, expected);
}

static bool set_type(struct rope_scaling *scaling, const char *key, const char *text, const char *called,
                     enum error_kind kind, struct error *error)
{
    size_t type = ROPE_LONGROPE;
    while (type > 0 && strcmp(type_names[type], text) != 0)
        type--;
    for (size_t i = 0; i < sizeof older_types / sizeof *older_types; i++)
        if (strcmp(older_types[i].name, text) == 0)
            type = older_types[i].type;
    if (type == ROPE_UNSAID)
        return value_refused(called, key, text, "default, linear, dynamic, yarn, llama3 or longrope", kind,
                             error);
    if (scaling->type != ROPE_UNSAID && scaling->type != type)
        return error_set(error, kind, "%s: rope_type and type are %s and %s: expected the same", called,
                         rope_type_name(scaling), text);
    scaling->type = type;
    return true;
}

static bool unknown_key(const char *key, const char *called, enum error_kind kind, struct error *error)
{
    const char *names[KEY_COUNT + 2] = {"rope_type"};
    char shown[80];
    for (size_t i = 0; i < KEY_COUNT; i++)
        names[i + 1] = keys[i].name;
    text_clean(shown, sizeof shown, key);
    const char *near = text_nearest(key, names);
    if (near)
        return error_set(error, kind, "%s: the key \"%s\" is not understood; did you mean \"%s\"?", called,
                         shown, near);
    return error_set(error, kind,
                     "%s: the key \"%s\" is not understood, and would change the result: expected those of "
                     "Hugging Face's types default, linear, dynamic, yarn, llama3 and longrope",
                     called, shown);
}

/* The number of a key in the table, KEY_COUNT for none. */
static size_t key_named(const char *key)
{
    size_t i = 0;
    while (i < KEY_COUNT && strcmp(keys[i].name, key) != 0)
        i++;
    return i;
}

/* "type" is the older name of "rope_type". */
static bool is_type_key(const char *key)
{
    return strcmp(key, "rope_type") == 0 || strcmp(key, "type") == 0;
}

bool rope_has_key(const char *key)
{
    return is_type_key(key) || key_named(key) < KEY_COUNT;
}

bool rope_set(struct rope_scaling *scaling, const char *key, const char *text, const char *called,
              enum error_kind kind, struct error *error)
{
    const size_t i = key_named(key);
    if (is_type_key(key))
        return set_type(scaling, key, text, called, kind, error);
    if (i == KEY_COUNT)
        return unknown_key(key, called, kind, error);
    bool ok = false;
    const char *expected = set_value(scaling, &keys[i], text, &ok);
    return ok || value_refused(called, key, text, expected, kind, error);
}

/* Where the value of a key ends: at the next comma outside of brackets. */
static char *value_end(char *at)
{
    if (*at == '[')
        at += strcspn(at, "]");
    return at + strcspn(at, ",");
}

/* Without the brackets around it, if there are any. */
static char *unbracketed(char *value)
{
    size_t length = strlen(value);
    if (length < 2 || value[0] != '[' || value[length - 1] != ']')
        return value;
    value[length - 1] = 0;
    return value + 1;
}

bool rope_parse(struct rope_scaling *scaling, const char *text, const char *called, enum error_kind kind,
                struct error *error)
{
    struct rope_scaling parsed;
    memset(&parsed, 0, sizeof parsed);
    if (*text == '{')
        return error_set(
            error, kind,
            "%s: expected TYPE:KEY=VALUE,…, such as linear:factor=8; the object that Hugging Face "
            "has may stand in a JSON input",
            called);
    char *copy = text_copy(text);
    if (!copy)
        return error_memory(error, strlen(text) + 1);
    char *colon = strchr(copy, ':'), *at = colon ? colon + 1 : NULL;
    if (colon)
        *colon = 0;
    bool ok = rope_set(&parsed, "rope_type", copy, called, kind, error);
    while (ok && at) {
        char *equals = strchr(at, '=');
        if (!equals) {
            ok = error_set(error, kind, "%s is \"%s\": expected TYPE:KEY=VALUE,…, such as linear:factor=8",
                           called, text);
            break;
        }
        char *end = value_end(equals + 1), *next = *end ? end + 1 : NULL;
        *end = *equals = 0;
        ok = rope_set(&parsed, at, unbracketed(equals + 1), called, kind, error);
        at = next;
    }
    free(copy);
    if (ok)
        memcpy(scaling, &parsed, sizeof parsed);
    return ok;
}

/* How many numbers the key has that were given; a truth counts where it is not the default. */
static size_t given_count(const struct rope_scaling *scaling, const struct rope_key *key)
{
    const void *value = (const char *)scaling + key->at, *length = (const char *)scaling + key->count;
    const size_t *truth = value, *count = length;
    const double *number = value;
    return key->count ? *count : key->form == TRUTH ? *truth : *number > 0;
}

void rope_write(const struct rope_scaling *scaling, struct out *out)
{
    out_format(out, "{\"rope_type\":\"%s\"", rope_type_name(scaling));
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct rope_key *key = &keys[i];
        const void *value = (const char *)scaling + key->at;
        const double *numbers = value;
        const size_t count = given_count(scaling, key);
        if (count == 0)
            continue;
        out_format(out, ",\"%s\":%s", key->name, key->count ? "[" : "");
        for (size_t j = 0; j < count; j++) {
            out_text(out, j > 0 ? "," : "");
            if (key->form == TRUTH)
                out_text(out, "false");
            else
                out_float(out, (float)numbers[j]);
        }
        out_text(out, key->count ? "]" : "");
    }
    out_char(out, '}');
}

const char *rope_unused_key(const struct rope_scaling *scaling, size_t *at)
{
    const unsigned type = TYPE_BIT(scaling->type == ROPE_UNSAID ? ROPE_DEFAULT : scaling->type);
    while (*at < KEY_COUNT) {
        const struct rope_key *key = &keys[(*at)++];
        if (!(key->types & type) && given_count(scaling, key) > 0)
            return key->name;
    }
    return NULL;
}
