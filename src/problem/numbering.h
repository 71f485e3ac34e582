/* The numbers that layers and heads have where they come from, of a result that holds some of them. */
#ifndef ATTN_PROBLEM_NUMBERING_H
#define ATTN_PROBLEM_NUMBERING_H

#include <stdbool.h>
#include <stddef.h>

/* Begins zeroed, which is that they are counted from 0; freed by numbering_free. Lists are owned. */
struct numbering {
    size_t *layers; /* of each layer; NULL: counted from 0 */
    size_t layer_count;
    size_t *heads; /* list after list; NULL: counted from 0 */
    size_t *ends;  /* where each list ends */
    size_t lists;  /* one that all layers have, or one a layer */
};

/* The number of layer l, and of its head h. `numbering` may be NULL. */
size_t numbering_layer(const struct numbering *numbering, size_t l);
size_t numbering_head(const struct numbering *numbering, size_t l, size_t h);

/* The numbers of the heads of layer l; NULL: counted from 0. `numbering` may be NULL. */
const size_t *numbering_heads(const struct numbering *numbering, size_t l);

/* Whether it has numbers, one for each of the layers, and as many as layer l has heads. */
bool numbering_fits(const struct numbering *numbering, size_t layers, size_t l, size_t heads);

/* Whether all numbers are those that counting from 0 gives. */
bool numbering_is_plain(const struct numbering *numbering);

/* Whether every layer has heads of the same numbers. `numbering` may be NULL. */
static inline bool numbering_heads_agree(const struct numbering *numbering)
{
    return !numbering || !numbering->heads || numbering->lists == 1;
}

void numbering_free(struct numbering *numbering);

#endif
