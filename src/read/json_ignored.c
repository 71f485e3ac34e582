/* Keys that are not read: a warning, or an error where they would change the result. */
#include "read/json_reading.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "problem/setting_kinds.h"
#include "read/json_names.h"

/* The most warnings of keys. */
enum { WARNINGS_MAX = 8 };

/* The keys beside tensors and settings, of the whole alone. */
static const char *const other_keys[] = {"tokens", "key_tokens", "layers",      "title",     "grid",
                                         "schema", "vocabulary", "layer_names", "head_names"};
enum { OTHER_KEYS = sizeof other_keys / sizeof *other_keys };

/* The key of attn's own that is nearest to a name, or NULL. */
static const char *nearest_key(const char *name)
{
    /* Words of their own, which look like a key by accident. */
    if (strcasecmp(name, "labels") == 0)
        return "tokens";
    if (strcasecmp(name, "stats") == 0 || strcasecmp(name, "scores") == 0)
        return NULL;
    const char *known[INPUT_COUNT + SETTING_COUNT + OTHER_KEYS + 1];
    size_t count = 0;
    for (int i = 0; i < INPUT_COUNT; i++)
        known[count++] = input_names[i];
    for (int i = 0; i < SETTING_COUNT; i++)
        known[count++] = setting_kinds[i].name;
    for (int i = 0; i < OTHER_KEYS; i++)
        known[count++] = other_keys[i];
    known[count] = NULL;
    return text_nearest(name, known);
}

/* Whether a name is one of the keys that change the result, misspelt: a letter or two are wrong, or in words of up to
 * five letters one that is not the first. */
static bool is_misspelt(const char *name, const char *near)
{
    enum { SHORTEST = 4, SHORT = 5 };
    const size_t length = strlen(name), wrong = text_distance(name, near);
    if (input_named(near) == INPUT_COUNT && setting_named(near) == SETTING_COUNT &&
        strcmp(near, "layers") != 0)
        return false;
    return length >= SHORTEST &&
           (wrong == 0 || (length <= SHORT ? wrong == 1 && *name == *near : wrong <= 2));
}

bool json_ignore_key(struct json_reading *reading, const struct json_member *member, const char *why)
{
    const char *name = member->name;
    if (name[0] == '_' || text_begins(name, "x-"))
        return true;
    const bool is_off = cJSON_IsFalse(member->item); /* a switch, as in a model's configuration */
    const char *near = why || is_off ? NULL : nearest_key(name),
               *advice = why || is_off ? NULL : json_names_advice(name);
    if (near && !advice && is_misspelt(name, near))
        advice = "";
    struct place place = source_place(reading->json.source, member->offset);
    if (advice && *advice)
        return place_error(&place, reading->error,
                           "the key \"%s\" is not understood, and would change the result: %s", name, advice);
    if (advice && near)
        return place_error(&place, reading->error,
                           "the key \"%s\" is not understood, and would change the result; did you mean "
                           "\"%s\"?",
                           name, near);
    if (advice)
        return place_error(&place, reading->error,
                           "the key \"%s\" is not understood, and would change the result; a key that begins "
                           "with x- is passed over",
                           name);
    if (reading->ignored++ >= WARNINGS_MAX)
        return true;
    if (why)
        warnings_add(reading->warnings, "%s:%zu:%zu: the key \"%s\" is ignored: %s", place.file, place.line,
                     place.column, name, why);
    else if (near)
        warnings_add(reading->warnings, "%s:%zu:%zu: the unknown key \"%s\" is ignored; did you mean \"%s\"?",
                     place.file, place.line, place.column, name, near);
    else
        warnings_add(reading->warnings, "%s:%zu:%zu: the unknown key \"%s\" is ignored", place.file,
                     place.line, place.column, name);
    return true;
}

void json_count_ignored(const struct json_reading *reading)
{
    if (reading->ignored > WARNINGS_MAX)
        warnings_add(reading->warnings, "%s: %zu more unknown keys are ignored", reading->json.source->name,
                     reading->ignored - WARNINGS_MAX);
}

bool json_is_of_whole(const char *name)
{
    for (int i = 0; i < OTHER_KEYS; i++)
        if (strcmp(name, other_keys[i]) == 0)
            return true;
    return false;
}
