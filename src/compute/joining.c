#include "compute/joining.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"
#include "compute/word_pieces.h"

/* ---- the words of a side ---- */

/* A token and the number of its word, to be sorted by number, then by place. */
struct numbered {
    float number;
    size_t at;
};

static int compare_numbered(const void *a, const void *b)
{
    const struct numbered *left = a, *right = b;
    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    return (left->at > right->at) - (left->at < right->at);
}

static bool check_word_numbers(const struct tensor *numbers, const char *name, struct error *error)
{
    for (size_t i = 0; i < tensor_count(numbers); i++) {
        const float number = numbers->data[i];
        if (!tensor_is_null(number) && (!isfinite(number) || number != floorf(number)))
            return place_error(&numbers->place, error,
                               "%s holds %g at [%zu]: expected whole numbers, or null for a token by itself",
                               name, (double)number, i);
    }
    return true;
}

/* Points each token to the first one of its word. A null is a word of its own. */
static bool find_first(const struct tensor *numbers, size_t *first, struct error *error)
{
    const size_t count = tensor_count(numbers);
    struct numbered *sorted = memory_alloc(count, sizeof *sorted, error);
    size_t known = 0;
    if (!sorted)
        return false;
    for (size_t i = 0; i < count; i++) {
        first[i] = i;
        if (!tensor_is_null(numbers->data[i]))
            sorted[known++] = (struct numbered){numbers->data[i], i};
    }
    qsort(sorted, known, sizeof *sorted, compare_numbered);
    for (size_t i = 1; i < known; i++)
        if (sorted[i].number == sorted[i - 1].number)
            first[sorted[i].at] = first[sorted[i - 1].at];
    free(sorted);
    return true;
}

/* Numbers the words by their first tokens. Tokens of one number are one word, even if there are others between. */
static bool number_words(struct word_side *side, const struct tensor *numbers, const char *name,
                         struct warnings *warnings, struct error *error)
{
    if (!check_word_numbers(numbers, name, error) || !find_first(numbers, side->of, error))
        return false;
    size_t apart = 0;
    for (size_t i = 0; i < tensor_count(numbers); i++) {
        const bool begins = side->of[i] == i;
        side->of[i] = begins ? side->count++ : side->of[side->of[i]];
        if (!begins && side->of[i] != side->of[i - 1] && apart++ == 0)
            warnings_add(warnings,
                         "%s: the word %.9g has tokens that are apart, such as %zu: they are one word", name,
                         (double)numbers->data[i], i);
    }
    return true;
}

/* ---- labels ---- */

/* A piece of a word as it stands in the label: without its marker, and behind a blank where it begins a word inside of
 * another. Returns its length; writes it where `to` is not NULL. */
static size_t put_piece(char *to, const char *piece, bool first)
{
    bool begins;
    const char *text = word_piece_text(piece, first, &begins);
    const size_t blank = begins && !first, length = strlen(text);
    if (to && blank)
        *to = ' ';
    if (to)
        memcpy(to + blank, text, length);
    return blank + length;
}

/* A word of nothing but markers has the text of its first token. */
static bool keep_markers(char **text, const size_t *length, const struct labels *tokens,
                         const struct word_side *side, struct error *error)
{
    for (size_t i = 0; i < tokens->count; i++) {
        const size_t w = side->of[i];
        if (length[w] > 0 || text[w])
            continue;
        text[w] = text_copy(tokens->text[i]);
        if (!text[w])
            return error_memory(error, strlen(tokens->text[i]) + 1);
    }
    return true;
}

/* The joined texts of pieces; `length` is 0 for each word, and has room for them. */
static bool join_pieces(char **text, size_t *length, const struct labels *tokens,
                        const struct word_side *side, struct error *error)
{
    for (size_t i = 0; i < tokens->count; i++) {
        const size_t w = side->of[i];
        length[w] += put_piece(NULL, tokens->text[i], length[w] == 0);
    }
    if (!keep_markers(text, length, tokens, side, error))
        return false;
    for (size_t w = 0; w < side->count; w++) {
        if (!text[w] && !(text[w] = memory_zeroed(length[w] + 1, 1, error)))
            return false;
        length[w] = 0;
    }
    for (size_t i = 0; i < tokens->count; i++) {
        const size_t w = side->of[i]; /* markers alone add nothing */
        length[w] += put_piece(text[w] + length[w], tokens->text[i], length[w] == 0);
    }
    return true;
}

/* Words have the joined labels of their tokens; numbers of words where those have none. */
static bool join_labels(struct labels *words, const struct labels *tokens, const struct word_side *side,
                        struct error *error)
{
    size_t *length = memory_zeroed(side->count, sizeof *length, error);
    *words = (struct labels){.given = tokens->given,
                             .text = memory_zeroed(side->count, sizeof *words->text, error)};
    words->count = words->text ? side->count : 0;
    bool ok =
        length && words->text && (!tokens->given || join_pieces(words->text, length, tokens, side, error));
    for (size_t w = 0; ok && !tokens->given && w < side->count; w++) {
        words->text[w] = text_format("%zu", w);
        ok = words->text[w] || error_memory(error, 32);
    }
    free(length);
    return ok;
}

/* ---- the problem ---- */

static bool side_alloc(struct word_side *side, size_t tokens, struct error *error)
{
    side->of = memory_alloc(tokens, sizeof *side->of, error);
    for (size_t i = 0; side->of && i < tokens; i++)
        side->of[i] = i;
    return side->of;
}

/* Finds the words of both sides. */
static bool find_sides(struct joining *joining, enum words_from from, const struct problem *problem,
                       const struct inputs *inputs, struct warnings *warnings, struct error *error)
{
    const struct tensor *queries = &inputs->all.tensor[INPUT_WORDS],
                        *keys = &inputs->all.tensor[INPUT_KEY_WORDS];
    if (!side_alloc(&joining->queries, problem->n, error) || !side_alloc(&joining->keys, problem->m, error))
        return false;
    if (from == WORDS_PIECES) {
        bool found = word_pieces(&problem->tokens, joining->queries.of, &joining->queries.count);
        found = word_pieces(&problem->key_tokens, joining->keys.of, &joining->keys.count) || found;
        if (!found)
            warnings_add(warnings,
                         "--words: no token begins with Ġ, ▁, a blank or ##: each is taken for a word");
        return true;
    }
    struct word_side *from_queries = &joining->queries, *from_keys = &joining->keys;
    from_queries->count = queries->data ? 0 : problem->n;
    from_keys->count = keys->data ? 0 : problem->m;
    if ((queries->data && !number_words(from_queries, queries, "words", warnings, error)) ||
        (keys->data && !number_words(from_keys, keys, "key_words", warnings, error)))
        return false;
    if (!keys->data && problem->is_self) { /* the same tokens */
        memcpy(from_keys->of, from_queries->of, problem->m * sizeof *from_keys->of);
        from_keys->count = from_queries->count;
    }
    return true;
}

/* The place of query word 0 among the key words. */
static int64_t word_offset(const struct joining *joining, int64_t offset, size_t m)
{
    return offset >= 0 && (uint64_t)offset < m ? (int64_t)joining->keys.of[offset] : offset;
}

/* A copy whose tokens are words. What masks and tensors say of tokens is taken out. */
static bool make_problem(struct joining *joining, const struct problem *tokens, struct error *error)
{
    struct problem *p = &joining->problem;
    *p = *tokens;
    p->tokens = p->key_tokens = (struct labels){0};
    p->n = joining->queries.count;
    p->m = joining->keys.count;
    p->d_out = 0;
    p->layers = memory_zeroed(p->layer_count, sizeof *p->layers, error);
    for (size_t l = 0; p->layers && l < p->layer_count; l++) {
        const struct problem_layer *from = &tokens->layers[l];
        p->layers[l] = (struct problem_layer){.attention = from->attention,
                                              .settings = from->settings,
                                              .title = from->title,
                                              .slice = from->slice,
                                              .scale = from->scale,
                                              .softcap = from->softcap,
                                              .offset = word_offset(joining, from->offset, tokens->m),
                                              .rules = {.left = -1, .right = -1}};
    }
    return p->layers && join_labels(&p->tokens, &tokens->tokens, &joining->queries, error) &&
           join_labels(&p->key_tokens, &tokens->key_tokens, &joining->keys, error);
}

bool joining_find(struct joining *joining, enum words_from from, const struct problem *problem,
                  const struct inputs *inputs, struct warnings *warnings, struct error *error)
{
    const struct layer_inputs *all = &inputs->all;
    for (size_t l = 0; l < inputs->layer_count; l++)
        for (enum input i = INPUT_WORDS; i <= INPUT_KEY_WORDS; i++)
            if (inputs->layers[l].tensor[i].data)
                return place_error(&inputs->layers[l].tensor[i].place, error,
                                   "%s: expected it outside of the layers, which have the same tokens",
                                   input_names[i]);
    bool given = all->tensor[INPUT_WORDS].data || all->tensor[INPUT_KEY_WORDS].data;
    if (from == WORDS_NO || (from == WORDS_GIVEN && !given))
        return true;
    joining->are_joined = true;
    return find_sides(joining, from, problem, inputs, warnings, error) &&
           make_problem(joining, problem, error);
}

void joining_free(struct joining *joining)
{
    free(joining->queries.of);
    free(joining->keys.of);
    result_free(&joining->result);
    problem_free(&joining->problem);
    tensor_free(&joining->mask);
    *joining = (struct joining){0};
}
