/*
 * The dilated runner. Dilation d splits a head into d independent heads without dilation: phase p holds the
 * tokens at positions p, p + d, p + 2d, …, which attend to each other and to no others.
 */
#ifndef ATTN_ENGINE_DILATED_H
#define ATTN_ENGINE_DILATED_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/head.h"

/* Whether dilation splits a head of so many keys so. It does not beside global tokens and blocks, which join
 * phases, and above some dilation it does not pay. Cells of a pool must then be whole multiples of it. */
bool dilated_splits(const struct rules *rules, size_t keys);

#endif
