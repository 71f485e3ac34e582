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

/* The error of a name that no token has. Always false. */
static bool name_unknown(const struct token_names *names, const char *name, struct error *error)
{
    const struct labels *labels = names->labels;
    const char **known = memory_zeroed(labels->count + 3, sizeof *known, error);
    if (!known)
        return false;
    known[0] = "first";
    known[1] = "special";
    for (size_t i = 0; i < labels->count; i++)
        known[i + 2] = label_bare(labels, i);
    const char *near = text_nearest(name, known);
    if (near)
        error_set(error, ERROR_USAGE, "%s is \"%s\": did you mean %s?", names->option, name, near);
    else
        error_set(error, ERROR_USAGE,
                  "%s is \"%s\": expected first, special, a number below %zu, or a token of the keys",
                  names->option, name, labels->count);
    free(known);
    return false;
}

static bool name_special(bool *named, const struct labels *labels)
{
    bool any = false;
    for (size_t i = 0; i < labels->count; i++)
        if (token_is_special(labels->text[i]))
            any = named[i] = true;
    return any;
}

static bool name_one(bool *named, const struct token_names *names, const char *name, struct error *error)
{
    const bool is_special = strcmp(name, "special") == 0;
    int64_t number;
    if (is_special && name_special(named, names->labels))
        return true;
    if (is_special) {
        warnings_add(names->warnings, "%s special: no key is a special token", names->option);
        return true;
    }
    if (strcmp(name, "first") == 0)
        return named[0] = true;
    if (text_to_integer(name, &number) && number >= 0 && (uint64_t)number < names->labels->count)
        return named[number] = true;
    if (name_labelled(named, name, names->labels))
        return true;
    if (!names->may_lack)
        return name_unknown(names, name, error);
    warnings_add(names->warnings, "%s: no key is \"%s\"", names->option, name);
    return true;
}

bool token_names_find(bool *named, const struct token_names *names, const char *text, struct error *error)
{
    if (strchr(text, ',') && name_labelled(named, text, names->labels)) /* a token with a comma in it */
        return true;
    bool ok = true;
    for (const char *at = text; ok && at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        char *name = text_format("%.*s", (int)strcspn(at, ","), at);
        ok = name ? name_one(named, names, name, error) : error_memory(error, strlen(at));
        free(name);
    }
    return ok;
}
