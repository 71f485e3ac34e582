/* A label for every query and every key. */
#include "problem/check.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* Whether the labels are only the numbers from 0 on, as attn writes them where none were given. */
static bool labels_are_numbers(const struct labels *from)
{
    for (size_t i = 0; i < from->count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        if (strcmp(from->text[i], number) != 0)
            return false;
    }
    return true;
}

/* Makes `count` labels: those given, and numbers where there are none. */
static bool labels_fill(struct labels *labels, size_t count, const struct labels *from, struct error *error)
{
    labels->text = memory_zeroed(count, sizeof *labels->text, error);
    if (!labels->text)
        return false;
    labels->given = from->given && !labels_are_numbers(from);
    for (; labels->count < count; labels->count++) {
        size_t i = labels->count;
        labels->text[i] = i < from->count ? text_copy(from->text[i]) : text_format("%zu", i);
        if (!labels->text[i])
            return error_memory(error, 32);
    }
    return true;
}

/* `heads`: of q with an axis for them; 0: it has none. As many labels as heads: tokens×heads×d was given. */
static void warn_count(const struct labels *from, const char *name, size_t count, size_t heads,
                       const char *one, const char *many, struct warnings *warnings)
{
    if (!from->given || from->count == count)
        return;
    const char *file = from->place.file ? from->place.file : "", *colon = from->place.file ? ": " : "";
    char what[100], rest[100];
    snprintf(what, sizeof what, "%zu label%s for %zu %s", from->count, from->count == 1 ? "" : "s", count,
             count == 1 ? one : many);
    if (from->count == heads && heads > 1)
        snprintf(rest, sizeof rest, "the axes of heads and tokens look exchanged; expected heads×tokens×d");
    else if (from->count < count)
        snprintf(rest, sizeof rest, "the missing %s numbered",
                 count - from->count == 1 ? "one is" : "ones are");
    else if (from->count - count == 1 && from->header == LABELS_HEADER_POSSIBLE)
        snprintf(rest, sizeof rest, "the last is not used; --header yes leaves out the first");
    else if (from->count - count == 1)
        snprintf(rest, sizeof rest, "the last is not used");
    else
        snprintf(rest, sizeof rest, "the last %zu are not used", from->count - count);
    warnings_add(warnings, "%s%s%s has %s: %s", file, colon, name, what, rest);
}

/* The labels without the header of their file, if there is one, which stays in `from`. */
static struct labels without_header(const struct labels *from, const char *name, size_t count,
                                    struct warnings *warnings)
{
    struct labels labels = *from;
    if (!from->given || from->header != LABELS_HEADER_LIKELY || from->count != count + 1)
        return labels;
    labels.text++;
    labels.count--;
    char header[60];
    text_clean(header, sizeof header, from->text[0]);
    warnings_add(warnings,
                 "%s: the first of %s, \"%s\", is taken for a header; --header no takes it for a token",
                 from->place.file, name, header);
    return labels;
}

/* Labels that all layers share name the tokens of those that have as many. */
static struct labels shared_labels(const struct labels *labels, const char *name, size_t count,
                                   const struct problem *problem, struct warnings *warnings)
{
    if (!labels->given || labels->count == count)
        return *labels;
    warnings_add(
        warnings,
        "%s has %zu label%s, and layer %zu has %zu tokens there: they are numbered; layers of different "
        "size may have a list each",
        name, labels->count, labels->count == 1 ? "" : "s", problem->layer_first, count);
    return (struct labels){0};
}

bool problem_make_labels(struct problem *problem, const struct inputs *inputs, struct warnings *warnings,
                         struct error *error)
{
    static const struct labels none;
    struct labels own = without_header(&inputs->tokens, "tokens", problem->n, warnings);
    struct labels other = without_header(&inputs->key_tokens, "key_tokens", problem->m, warnings);
    const bool is_part = problem->layer_count < problem->layers_in_all;
    if (is_part && !inputs->layers[0].tokens.given)
        own = shared_labels(&own, "tokens", problem->n, problem, warnings);
    if (is_part && !inputs->layers[0].key_tokens.given)
        other = shared_labels(&other, "key_tokens", problem->m, problem, warnings);
    const struct labels *tokens = &own, *key_tokens = &other;
    /* One sequence attending to itself has one set of labels; another sequence has its own, or numbers. */
    if (!key_tokens->given)
        key_tokens = problem->is_self ? tokens : &none;
    const struct tensor *q = problem->layers[0].q.given;
    const size_t heads = q && q->rank > 2 ? problem->heads : 0;
    warn_count(tokens, "tokens", problem->n, heads, "query", "queries", warnings);
    if (key_tokens != tokens)
        warn_count(key_tokens, "key_tokens", problem->m, heads, "key", "keys", warnings);
    return labels_fill(&problem->tokens, problem->n, tokens, error) &&
           labels_fill(&problem->key_tokens, problem->m, key_tokens, error);
}
