#include "compute/selection.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"

/* "there is no layer 7: expected 0 to 5, or -6 to -1". Always false. */
static bool selection_lacks(int64_t number, size_t limit, const char *what, struct error *error)
{
    if (limit == 1)
        return error_set(error, ERROR_USAGE, "there is no %s %" PRId64 ": expected 0, the only one", what,
                         number);
    return error_set(error, ERROR_USAGE,
                     "there is no %s %" PRId64 ": expected 0 to %zu, or -%zu to -1, counted from the end",
                     what, number, limit - 1, limit);
}

static bool selection_check_list(const size_t *list, size_t count, size_t limit, const char *what,
                                 struct error *error)
{
    for (size_t i = 0; list && i < count; i++)
        if (list[i] >= limit)
            return selection_lacks((int64_t)list[i], limit, what, error);
    return true;
}

/* Counts a span from the beginning: first..end-1 are there. */
static bool span_resolve(struct index_span *span, size_t limit, const char *what, struct error *error)
{
    const struct index_span said = *span;
    const int64_t all = (int64_t)limit;
    span->first += said.first < 0 ? all : 0;
    span->end += said.end <= 0 ? all : 0;
    if (span->first < 0 || span->first >= all)
        return selection_lacks(said.first, limit, what, error);
    if (span->end < 0 || span->end > all)
        return selection_lacks(said.end - (said.end > 0), limit, what, error);
    if (span->first < span->end)
        return true;
    return error_set(error, ERROR_USAGE,
                     "--%s %" PRId64 ":%" PRId64 " is from %" PRId64 " up to, not with, %" PRId64
                     ": expected a range that holds a %s",
                     what, said.first, said.end, span->first, span->end, what);
}

/* "there is no head 2: expected one of 1, 10, as the input numbers them", or "no layer of 2:4". Always false. */
static bool selection_lacks_number(struct index_span span, const size_t *numbers, size_t limit,
                                   const char *what, struct error *error)
{
    enum { SAID = 16 };
    char list[SAID * 24] = "", asked[64];
    size_t used = 0;
    for (size_t i = 0; i < limit && i < SAID; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%zu", i == 0 ? "" : ", ", numbers[i]);
    if (span.first >= 0 && span.end == span.first + 1)
        snprintf(asked, sizeof asked, "%" PRId64, span.first);
    else
        snprintf(asked, sizeof asked, "of %" PRId64 ":%" PRId64, span.first, span.end);
    return error_set(error, ERROR_USAGE, "there is no %s %s: expected one of %s%s, as the input numbers them",
                     what, asked, list, limit > SAID ? ", …" : "");
}

/* The places of what a span names: numbers from 0 on are those that things have, negative ones count places from the end. Where they
 * have `numbers` of their own there may be none. */
static bool span_places(size_t *places, size_t *count, struct index_span span, const size_t *numbers,
                        size_t limit, const char *what, struct error *error)
{
    const int64_t all = (int64_t)limit;
    *count = 0;
    if (!numbers && !span_resolve(&span, limit, what, error))
        return false;
    for (size_t i = 0; i < limit; i++) {
        const int64_t place = (int64_t)i, number = numbers ? (int64_t)numbers[i] : place;
        if ((span.first >= 0 ? number >= span.first : place >= all + span.first) &&
            (span.end > 0 ? number < span.end : place < all + span.end))
            places[(*count)++] = i;
    }
    return true;
}

bool selection_list(size_t **list, size_t *count, const struct index_span *spans, size_t span_count,
                    const size_t *numbers, size_t limit, const char *what, struct error *error)
{
    *list = NULL;
    *count = 0;
    if (span_count == 0)
        return true;
    bool *taken = memory_zeroed(limit, sizeof *taken, error);
    size_t *places = taken ? memory_alloc(limit, sizeof *places, error) : NULL;
    *list = places ? memory_alloc(limit, sizeof **list, error) : NULL;
    bool ok = *list;
    for (size_t i = 0; ok && i < span_count; i++) {
        size_t found = 0;
        ok = span_places(places, &found, spans[i], numbers, limit, what, error) &&
             (found > 0 || selection_lacks_number(spans[i], numbers, limit, what, error));
        for (size_t k = 0; ok && k < found; k++) {
            const size_t place = places[k];
            ok = !taken[place] || error_set(error, ERROR_USAGE, "--%s names %s %zu twice", what, what,
                                            numbers ? numbers[place] : place);
            taken[place] = true;
            if (ok)
                (*list)[(*count)++] = place;
        }
    }
    free(places);
    free(taken);
    return ok;
}

/* What heads are picked from, and what they are picked into. */
struct picking {
    const size_t *heads; /* of each layer */
    const struct numbering *numbering;
    size_t most;           /* heads of a layer */
    bool *taken;           /* layers×most */
    size_t *layers, *some; /* places of layers, and of heads of one of them */
    struct head_place *list;
    size_t count;
};

/* Appends the heads of a layer that a span names. */
static bool pick_layer(struct picking *p, size_t layer, struct index_span span, struct error *error)
{
    const size_t *numbers = numbering_heads(p->numbering, layer);
    size_t found = 0;
    if (!span_places(p->some, &found, span, numbers, p->heads[layer], "head", error) ||
        !memory_resize(&p->list, p->count + found + 1, sizeof *p->list, error))
        return false;
    for (size_t k = 0; k < found; k++) {
        const size_t head = p->some[k];
        if (p->taken[layer * p->most + head])
            return error_set(error, ERROR_USAGE, "--pick names head %zu.%zu twice",
                             numbering_layer(p->numbering, layer), numbering_head(p->numbering, layer, head));
        p->taken[layer * p->most + head] = true;
        p->list[p->count++] = (struct head_place){layer, head};
    }
    return true;
}

static bool pick_span(struct picking *p, const struct pick_span *span, size_t layers, struct error *error)
{
    const size_t before = p->count, *numbers = p->numbering ? p->numbering->layers : NULL;
    size_t found = 0;
    if (!span_places(p->layers, &found, span->layers, numbers, layers, "layer", error) ||
        !(found > 0 || selection_lacks_number(span->layers, numbers, layers, "layer", error)))
        return false;
    for (size_t k = 0; k < found; k++)
        if (!pick_layer(p, p->layers[k], span->heads, error))
            return false;
    const size_t last = p->layers[found - 1];
    if (p->count == before && found > 1)
        return error_set(error, ERROR_USAGE, "--pick: none of %zu such layers has a head of that number",
                         found);
    return p->count > before || selection_lacks_number(span->heads, numbering_heads(p->numbering, last),
                                                       p->heads[last], "head", error);
}

bool selection_pick(struct head_place **list, size_t *count, const struct pick_span *spans, size_t span_count,
                    const size_t *heads, size_t layers, const struct numbering *numbering,
                    struct error *error)
{
    struct picking p = {.heads = heads, .numbering = numbering};
    size_t flags;
    for (size_t l = 0; l < layers; l++)
        p.most = heads[l] > p.most ? heads[l] : p.most;
    bool ok = size_multiply(layers, p.most, &flags) || error_memory(error, SIZE_MAX);
    p.taken = ok ? memory_zeroed(flags, sizeof *p.taken, error) : NULL;
    p.layers = p.taken ? memory_alloc(layers, sizeof *p.layers, error) : NULL;
    p.some = p.layers ? memory_alloc(p.most, sizeof *p.some, error) : NULL;
    ok = p.some;
    for (size_t i = 0; ok && i < span_count; i++)
        ok = pick_span(&p, &spans[i], layers, error);
    free(p.taken);
    free(p.layers);
    free(p.some);
    *list = p.list;
    *count = p.count;
    return ok;
}

bool selection_pick_numbers(size_t **list, size_t *count, const struct pick_span *spans, size_t span_count,
                            bool are_heads, size_t limit, struct error *error)
{
    bool *named = memory_zeroed(limit, sizeof *named, error);
    *list = named ? memory_alloc(limit, sizeof **list, error) : NULL;
    *count = 0;
    bool ok = *list;
    for (size_t i = 0; ok && i < span_count; i++) {
        struct index_span span = are_heads ? spans[i].heads : spans[i].layers;
        ok = span_resolve(&span, limit, are_heads ? "head" : "layer", error);
        for (size_t k = ok ? (size_t)span.first : 0; ok && k < (size_t)span.end; k++)
            named[k] = true;
    }
    for (size_t k = 0; ok && k < limit; k++)
        if (named[k])
            (*list)[(*count)++] = k;
    free(named);
    return ok;
}

static bool selection_check_range(size_t first, size_t *end, size_t limit, const char *what,
                                  struct error *error)
{
    if (*end == 0)
        *end = limit;
    if (first < *end && *end <= limit)
        return true;
    return error_set(error, ERROR_USAGE, "%s %zu:%zu: expected a range within 0:%zu", what, first, *end,
                     limit);
}

bool selection_check(struct selection *selection, const struct problem *problem, struct error *error)
{
    struct selection *s = selection;
    const size_t head_numbers = s->is_picked ? s->layer_count : s->head_count;
    return selection_check_list(s->layers, s->layer_count, problem->layer_count, "layer", error) &&
           selection_check_list(s->heads, head_numbers, problem->heads, "head", error) &&
           selection_check_range(s->query_first, &s->query_end, problem->n, "--queries", error) &&
           selection_check_range(s->key_first, &s->key_end, problem->m, "--keys", error);
}

/* Whether a label of a token is a text of so many bytes, as it is or as it is shown, with or without a blank in front. */
static bool token_is(const struct labels *labels, size_t i, const char *text, size_t length)
{
    const char *shown = labels_shown(labels)[i];
    const char *const forms[] = {labels->text[i], shown, *shown == ' ' ? shown + 1 : shown};
    bool is = false;
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
        is = is || (strlen(forms[f]) == length && memcmp(forms[f], text, length) == 0);
    return is;
}

/* The token that "label#2" names: the second with that label. False where there is none, or no place is said. */
static bool token_of_place(size_t *token, const char *text, const struct labels *labels)
{
    const char *mark = strrchr(text, '#');
    int64_t place;
    if (!mark || mark == text || !text_to_integer(mark + 1, &place) || place < 1)
        return false;
    for (size_t i = 0; i < labels->count; i++)
        if (token_is(labels, i, text, (size_t)(mark - text)) && --place == 0) {
            *token = i;
            return true;
        }
    return false;
}

bool selection_token(size_t *token, const char *option, const char *text, const char *also,
                     const struct labels *labels, struct warnings *warnings, struct error *error)
{
    int64_t number;
    if (text_to_integer(text, &number) && number >= 0 && (uint64_t)number < labels->count) {
        *token = (size_t)number;
        return true;
    }
    size_t same = 0, like = 0, caseless = 0;
    for (size_t i = labels->count; i-- > 0;) {
        const char *shown = labels_shown(labels)[i];
        const bool equal = token_is(labels, i, text, strlen(text));
        same += equal;
        *token = equal ? i : *token;
        if (strcasecmp(labels->text[i], text) == 0 || strcasecmp(shown + (*shown == ' '), text) == 0) {
            like++;
            caseless = i;
        }
    }
    if (same > 1 && warnings)
        warnings_add(warnings,
                     "%s \"%s\" is %zu tokens, of which the first is taken, number %zu; %s#2 is the second",
                     option, text, same, *token, text);
    if (same > 0 || token_of_place(token, text, labels))
        return true;
    if (text_to_integer(text, &number) && number < 0 && 0 - (uint64_t)number <= labels->count) {
        *token = labels->count - (size_t)(0 - (uint64_t)number);
        return true;
    }
    if (like > 0)
        return error_set(error, ERROR_USAGE, "%s is \"%s\"; did you mean \"%s\", token %zu?", option, text,
                         labels_shown(labels)[caseless], caseless);
    return error_set(error, ERROR_USAGE,
                     "%s is \"%s\": expected %sa number below %zu, or a token of the input", option, text,
                     also, labels->count);
}

bool selection_has_layer(const struct selection *selection, size_t layer)
{
    bool has = !selection->layers;
    for (size_t i = 0; !has && i < selection->layer_count; i++)
        has = selection->layers[i] == layer;
    return has;
}

bool selection_has(const struct selection *selection, size_t layer, size_t head)
{
    const struct selection *s = selection;
    const size_t numbers = s->is_picked ? s->layer_count : s->head_count;
    bool has = !s->heads;
    for (size_t i = 0; !has && i < numbers; i++)
        has = s->heads[i] == head && (!s->is_picked || s->layers[i] == layer);
    return has && (s->is_picked || selection_has_layer(s, layer));
}

size_t selection_layers(const struct selection *selection, const struct problem *problem)
{
    return selection->layers ? selection->layer_count : problem->layer_count;
}

size_t selection_heads(const struct selection *selection, const struct problem *problem)
{
    return selection->heads ? selection->head_count : problem->heads;
}

size_t selection_picked_of(const struct selection *selection, size_t layer)
{
    size_t count = 0;
    for (size_t i = 0; i < selection->layer_count; i++)
        count += selection->layers[i] == layer;
    return count;
}

bool selection_is_picked(const struct selection *selection, const struct problem *problem)
{
    return selection->is_picked || (problem->heads == 1 && !numbering_heads_agree(problem->numbering));
}

bool selection_has_all_pairs(const struct selection *selection, const struct problem *problem)
{
    return selection->query_end - selection->query_first == problem->n &&
           selection->key_end - selection->key_first == problem->m;
}
