/* A label for every query and every key. */
#include "problem/check.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* Whether the labels are only the numbers from 0 on, as results have them where nobody said any. */
static bool only_count(const struct labels *said)
{
    for (size_t i = 0; i < said->count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        if (strcmp(said->text[i], number) != 0)
            return false;
    }
    return true;
}

/* Makes `count` labels: those said, and numbers where there are none. */
static bool fill(struct labels *labels, size_t count, const struct labels *said, struct error *error)
{
    labels->text = memory_zeroed(count, sizeof *labels->text, error);
    if (!labels->text)
        return false;
    labels->given = said->given && !only_count(said);
    for (; labels->count < count; labels->count++) {
        size_t i = labels->count;
        labels->text[i] = i < said->count ? text_copy(said->text[i]) : text_format("%zu", i);
        if (!labels->text[i])
            return error_memory(error, 32);
    }
    return true;
}

static void warn_count(const struct labels *said, const char *name, size_t count, const char *one,
                       const char *many, struct warnings *warnings)
{
    if (!said->given || said->count == count)
        return;
    const char *file = said->place.file ? said->place.file : "", *colon = said->place.file ? ": " : "";
    char what[100], rest[60];
    snprintf(what, sizeof what, "%zu label%s for %zu %s", said->count, said->count == 1 ? "" : "s", count,
             count == 1 ? one : many);
    if (said->count < count)
        snprintf(rest, sizeof rest, "the missing %s numbered",
                 count - said->count == 1 ? "one is" : "ones are");
    else if (said->count - count == 1)
        snprintf(rest, sizeof rest, "the last is not used");
    else
        snprintf(rest, sizeof rest, "the last %zu are not used", said->count - count);
    warnings_add(warnings, "%s%s%s has %s: %s", file, colon, name, what, rest);
}

bool problem_make_labels(struct problem *problem, const struct inputs *inputs, struct warnings *warnings,
                         struct error *error)
{
    static const struct labels none;
    const struct labels *tokens = &inputs->tokens, *key_tokens = &inputs->key_tokens;
    /* One sequence attending to itself has one set of labels; another sequence has its own, or numbers. */
    if (!key_tokens->given)
        key_tokens = problem->is_self ? tokens : &none;
    warn_count(tokens, "tokens", problem->n, "query", "queries", warnings);
    if (key_tokens != tokens)
        warn_count(key_tokens, "key_tokens", problem->m, "key", "keys", warnings);
    return fill(&problem->tokens, problem->n, tokens, error) &&
           fill(&problem->key_tokens, problem->m, key_tokens, error);
}
