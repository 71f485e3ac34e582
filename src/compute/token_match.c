#include "compute/token_match.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

enum { WORD_BITS = 64 };

/* What is left of both sequences, without what they begin and end with; each label with its hash. */
struct remainder {
    char *const *text[2];
    size_t *hash[2];        /* owned */
    size_t count[2], first; /* `first` tokens of both come before */
    uint64_t *rows;         /* count[0]×words bits; owned */
    size_t words;
};

static bool remainder_equal(const struct remainder *rest, size_t i, size_t j)
{
    return rest->hash[0][i] == rest->hash[1][j] && strcmp(rest->text[0][i], rest->text[1][j]) == 0;
}

static bool remainder_hash(struct remainder *rest, int side, struct error *error)
{
    rest->hash[side] = memory_alloc(rest->count[side], sizeof *rest->hash[side], error);
    for (size_t i = 0; rest->hash[side] && i < rest->count[side]; i++)
        rest->hash[side][i] = hash_bytes(rest->text[side][i], strlen(rest->text[side][i]));
    return rest->hash[side];
}

/* Row i of bits: bit j is 0 where the first i + 1 tokens have a longer common subsequence with the first j + 1 than with the first j.
 * V' = (V + (V & M)) | (V & ~M), with M the tokens that equal token i. */
static void remainder_row(struct remainder *rest, size_t i)
{
    uint64_t *row = rest->rows + i * rest->words, carry = 0;
    const uint64_t *before = i > 0 ? row - rest->words : NULL;
    for (size_t w = 0; w < rest->words; w++) {
        const uint64_t v = before ? before[w] : ~UINT64_C(0);
        uint64_t equal = 0;
        for (size_t j = w * WORD_BITS; j < rest->count[1] && j < (w + 1) * WORD_BITS; j++)
            equal |= (uint64_t)remainder_equal(rest, i, j) << j % WORD_BITS;
        const uint64_t sum = v + (v & equal), all = sum + carry;
        carry = (sum < v) | (all < sum);
        row[w] = all | (v & ~equal);
    }
}

/* Whether row i of bits has a step at j. */
static bool remainder_steps(const struct remainder *rest, size_t i, size_t j)
{
    return !(rest->rows[i * rest->words + j / WORD_BITS] >> j % WORD_BITS & 1);
}

static bool remainder_rows(struct remainder *rest, struct error *error)
{
    size_t all;
    rest->words = size_divide_up(rest->count[1], WORD_BITS);
    if (!size_multiply(rest->count[0], rest->words, &all))
        return error_memory(error, SIZE_MAX);
    if (!remainder_hash(rest, 0, error) || !remainder_hash(rest, 1, error) ||
        !(rest->rows = memory_alloc(all, sizeof *rest->rows, error)))
        return false;
    for (size_t i = 0; i < rest->count[0]; i++)
        remainder_row(rest, i);
    return true;
}

/* The pairs of the remainder from the last to the first, put in front of match->of[…][end]. Returns where they begin. */
static size_t remainder_pairs(const struct remainder *rest, struct token_match *match, size_t end)
{
    for (size_t i = rest->count[0], j = rest->count[1]; i > 0 && j > 0;) {
        if (remainder_equal(rest, i - 1, j - 1)) {
            end--;
            match->of[0][end] = rest->first + --i;
            match->of[1][end] = rest->first + --j;
        } else if (remainder_steps(rest, i - 1, j - 1)) {
            i--;
        } else {
            j--;
        }
    }
    return end;
}

static void pair_up(struct token_match *match, size_t a, size_t b)
{
    match->of[0][match->count] = a;
    match->of[1][match->count++] = b;
}

static bool match_labels(struct token_match *match, const struct labels *a, const struct labels *b,
                         struct error *error)
{
    const size_t least = a->count < b->count ? a->count : b->count;
    size_t first = 0, last = 0;
    while (first < least && strcmp(a->text[first], b->text[first]) == 0)
        first++;
    while (last < least - first && strcmp(a->text[a->count - 1 - last], b->text[b->count - 1 - last]) == 0)
        last++;
    struct remainder rest = {.text = {a->text + first, b->text + first},
                             .count = {a->count - first - last, b->count - first - last},
                             .first = first};
    const bool ok = remainder_rows(&rest, error);
    for (size_t i = 0; ok && i < first; i++)
        pair_up(match, i, i);
    if (ok) {
        const size_t begin = remainder_pairs(&rest, match, least), found = least - begin;
        for (int side = 0; side < 2; side++)
            memmove(match->of[side] + first, match->of[side] + begin, found * sizeof *match->of[side]);
        match->count += found;
    }
    for (size_t i = last; ok && i > 0; i--)
        pair_up(match, a->count - i, b->count - i);
    free(rest.hash[0]);
    free(rest.hash[1]);
    free(rest.rows);
    return ok;
}

bool token_match_make(struct token_match *match, const struct labels *a, const struct labels *b,
                      struct error *error)
{
    const size_t least = a->count < b->count ? a->count : b->count;
    match->is_by_number = !a->given || !b->given;
    for (int side = 0; side < 2; side++)
        if (!(match->of[side] = memory_alloc(least, sizeof *match->of[side], error)))
            return false;
    for (size_t i = 0; match->is_by_number && i < least; i++)
        pair_up(match, i, i);
    if (!match->is_by_number && !match_labels(match, a, b, error))
        return false;
    match->alone[0] = a->count - match->count;
    match->alone[1] = b->count - match->count;
    match->is_all = match->alone[0] == 0 && match->alone[1] == 0;
    return true;
}

void token_match_free(struct token_match *match)
{
    free(match->of[0]);
    free(match->of[1]);
    *match = (struct token_match){0};
}

struct token_place *token_match_places(const struct token_match *match, struct error *error)
{
    const size_t count[2] = {match->count + match->alone[0], match->count + match->alone[1]};
    struct token_place *places = memory_alloc(count[0] + match->alone[1], sizeof *places, error);
    size_t used = 0, next[2] = {0, 0};
    for (size_t pair = 0; places && pair <= match->count; pair++) {
        for (int side = 0; side < 2; side++)
            for (size_t end = pair < match->count ? match->of[side][pair] : count[side]; next[side] < end;
                 next[side]++) {
                places[used].of[side] = next[side];
                places[used++].of[!side] = SIZE_MAX;
            }
        if (pair < match->count)
            places[used++] = (struct token_place){{next[0]++, next[1]++}};
    }
    return places;
}
