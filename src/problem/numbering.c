#include "problem/numbering.h"

#include <stdlib.h>

/* Where the list of a layer begins. */
static size_t numbering_first(const struct numbering *n, size_t l)
{
    return n->lists > 1 && l > 0 ? n->ends[l - 1] : 0;
}

size_t numbering_layer(const struct numbering *numbering, size_t l)
{
    return numbering && numbering->layers ? numbering->layers[l] : l;
}

const size_t *numbering_heads(const struct numbering *numbering, size_t l)
{
    return numbering && numbering->heads ? numbering->heads + numbering_first(numbering, l) : NULL;
}

size_t numbering_head(const struct numbering *numbering, size_t l, size_t h)
{
    const size_t *numbers = numbering_heads(numbering, l);
    return numbers ? numbers[h] : h;
}

bool numbering_fits(const struct numbering *numbering, size_t layers, size_t l, size_t heads)
{
    const struct numbering *n = numbering;
    if ((!n->layers && !n->heads) || (n->layers && n->layer_count != layers))
        return false;
    if (!n->heads)
        return true;
    return (n->lists == 1 || n->lists == layers) &&
           n->ends[n->lists == 1 ? 0 : l] - numbering_first(n, l) == heads;
}

bool numbering_is_plain(const struct numbering *numbering)
{
    const struct numbering *n = numbering;
    bool is_plain = true;
    for (size_t l = 0; n->layers && l < n->layer_count; l++)
        is_plain = is_plain && n->layers[l] == l;
    for (size_t i = 0, at = 0; n->heads && i < n->lists; i++)
        for (size_t h = 0; at < n->ends[i]; h++, at++)
            is_plain = is_plain && n->heads[at] == h;
    return is_plain;
}

void numbering_free(struct numbering *numbering)
{
    free(numbering->layers);
    free(numbering->heads);
    free(numbering->ends);
    *numbering = (struct numbering){0};
}
