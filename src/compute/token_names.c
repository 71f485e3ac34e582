#include "compute/token_names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/words.h"

static const char special_tokens[] =
    "[CLS] [SEP] [PAD] [MASK] [BOS] [EOS] [gMASK] <s> </s> <pad> <bos> <eos> <cls> <sep> <mask> <sop> <eop> "
    "<start_of_turn> <end_of_turn> <end_of_utterance>";

bool token_is_special(const char *label)
{
    const size_t length = strlen(label);
    return words_find(special_tokens, label) >= 0 ||
           (length > 4 && text_begins(label, "<|") && strcmp(label + length - 2, "|>") == 0);
}

/* The label as it is looked for: as it is shown, without the blank in front of a word. */
static const char *label_bare(const struct labels *labels, size_t i)
{
    const char *shown = labels_shown(labels)[i];
    return shown + (*shown == ' ' && shown[1]);
}

/* Names all tokens with that label. Returns whether there is one. */
static bool name_labelled(bool *named, const char *name, const struct labels *labels)
{
    bool any = false;
    for (size_t i = 0; i < labels->count; i++)
        if (strcmp(labels->text[i], name) == 0 || strcmp(labels_shown(labels)[i], name) == 0 ||
            strcmp(label_bare(labels, i), name) == 0)
            any = named[i] = true;
    return any;
}

static bool name_special(bool *named, const char *option, const struct labels *labels,
                         struct warnings *warnings)
{
    bool any = false;
    for (size_t i = 0; i < labels->count; i++)
        if (token_is_special(labels->text[i]))
            any = named[i] = true;
    if (!any)
        warnings_add(warnings, "%s special: no key is a special token", option);
    return true;
}

/* The error of a name that no token has. Always false. */
static bool name_unknown(const char *option, const char *name, const struct labels *labels,
                         struct error *error)
{
    const char **known = memory_zeroed(labels->count + 3, sizeof *known, error);
    if (!known)
        return false;
    known[0] = "first";
    known[1] = "special";
    for (size_t i = 0; i < labels->count; i++)
        known[i + 2] = label_bare(labels, i);
    const char *near = text_nearest(name, known);
    if (near)
        error_set(error, ERROR_USAGE, "%s is \"%s\": did you mean %s?", option, name, near);
    else
        error_set(error, ERROR_USAGE,
                  "%s is \"%s\": expected first, special, a number below %zu, or a token of the keys", option,
                  name, labels->count);
    free(known);
    return false;
}

static bool name_one(bool *named, const char *option, const char *name, const struct labels *labels,
                     struct warnings *warnings, struct error *error)
{
    int64_t number;
    if (strcmp(name, "special") == 0)
        return name_special(named, option, labels, warnings);
    if (strcmp(name, "first") == 0)
        return named[0] = true;
    if (text_to_integer(name, &number) && number >= 0 && (uint64_t)number < labels->count)
        return named[number] = true;
    return name_labelled(named, name, labels) || name_unknown(option, name, labels, error);
}

bool token_names_find(bool *named, const char *option, const char *text, const struct labels *labels,
                      struct warnings *warnings, struct error *error)
{
    if (strchr(text, ',') && name_labelled(named, text, labels)) /* a token with a comma in it */
        return true;
    bool ok = true;
    for (const char *at = text; ok && at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        char *name = text_format("%.*s", (int)strcspn(at, ","), at);
        ok = name ? name_one(named, option, name, labels, warnings, error) : error_memory(error, strlen(at));
        free(name);
    }
    return ok;
}
