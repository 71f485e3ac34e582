#include "compute/same_tokens.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

size_t *same_tokens(const struct labels *labels, struct error *error)
{
    size_t slots = 16;
    while (slots < 2 * labels->count)
        slots *= 2;
    size_t *last = memory_alloc(slots, sizeof *last, error); /* the last token of each label, or SIZE_MAX */
    size_t *same = last ? memory_alloc(labels->count, sizeof *same, error) : NULL;
    for (size_t i = 0; same && i < slots; i++)
        last[i] = SIZE_MAX;
    for (size_t j = 0; same && j < labels->count; j++) {
        const char *text = labels->text[j];
        size_t slot = hash_bytes(text, strlen(text)) & (slots - 1);
        while (last[slot] != SIZE_MAX && strcmp(labels->text[last[slot]], text) != 0)
            slot = (slot + 1) & (slots - 1);
        same[j] = last[slot];
        last[slot] = j;
    }
    free(last);
    return same;
}
