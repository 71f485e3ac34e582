#include "read/csv_words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

enum { SLOTS_FIRST = 64 };

void csv_words_free(struct csv_words *words)
{
    free(words->word);
    free(words->slot);
    *words = (struct csv_words){0};
}

static bool same(const struct cell *a, const struct cell *b)
{
    const size_t length = (size_t)(a->end - a->start);
    return length == (size_t)(b->end - b->start) && memcmp(a->start, b->start, length) == 0;
}

/* The slot that has the word, or else is free for it. */
static size_t *slot_of(const struct csv_words *words, const struct cell *cell)
{
    size_t at = hash_bytes(cell->start, (size_t)(cell->end - cell->start)) & (words->slots - 1);
    while (words->slot[at] && !same(&words->word[words->slot[at] - 1], cell))
        at = (at + 1) & (words->slots - 1);
    return &words->slot[at];
}

static bool grow(struct csv_words *words, struct error *error)
{
    const size_t slots = words->slots ? 2 * words->slots : SLOTS_FIRST, room = slots / 2;
    size_t *slot = memory_zeroed(slots, sizeof *slot, error);
    if (!slot || !memory_resize(&words->word, room, sizeof *words->word, error)) {
        free(slot);
        return false;
    }
    free(words->slot);
    words->slot = slot;
    words->slots = slots;
    words->room = room;
    for (size_t i = 0; i < words->count; i++)
        *slot_of(words, &words->word[i]) = i + 1;
    return true;
}

bool csv_words_add(struct csv_words *words, const struct cell *cell, struct error *error)
{
    if (words->count == words->room && !grow(words, error))
        return false;
    size_t *slot = slot_of(words, cell);
    if (!*slot) {
        words->word[words->count++] = *cell;
        *slot = words->count;
    }
    return true;
}

size_t csv_words_find(const struct csv_words *words, const struct cell *cell)
{
    const size_t number = words->slots ? *slot_of(words, cell) : 0;
    return number ? number - 1 : words->count;
}

bool csv_words_same(const struct csv_words *words, const struct csv_words *other)
{
    if (words->count != other->count)
        return false;
    for (size_t i = 0; i < words->count; i++)
        if (csv_words_find(other, &words->word[i]) == other->count)
            return false;
    return true;
}
