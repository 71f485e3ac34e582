/*
 * Which pairs the masks allow: how many of every head, and, where they are kept, which, as bits. Heads mostly
 * share one mask; each is asked once.
 */
#ifndef ATTN_COMPUTE_MASKS_H
#define ATTN_COMPUTE_MASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "compute/request.h"
#include "problem/problem.h"

/* Begins zeroed; freed by masks_free in any case. */
struct masks {
    const struct problem *problem;
    bool are_kept;           /* with bits; otherwise masked pairs are only counted */
    struct pair_cells cells; /* a bit stands for one of these */
    size_t row_bytes;        /* bytes that the bits of a row of cells take */
    struct mask *list;       /* each different mask once; owned */
    size_t count;
    size_t *slot;  /* slots: a hash table of the list: the place of a mask + 1, or 0; owned */
    size_t slots;  /* a power of two, more than there are heads */
    size_t *index; /* layers×heads of the problem: the place of a head's mask in the list; owned */
};

/* One mask, of one or more heads. Bit column%8 of byte row*row_bytes + column/8 is 1 where the pair, or every
 * pair of the cell, is masked. */
struct mask {
    size_t allowed;    /* pairs, of all n×m */
    size_t blind_rows; /* queries that may attend to no key */
    uint8_t *bits;     /* NULL: nothing is masked, or bits are not kept; owned */
};

/* Begins without masks. The problem must outlive them. Errors: no memory. */
bool masks_make(struct masks *masks, const struct problem *problem, const struct pair_cells *cells,
                bool are_kept, struct error *error);

/* Adds the masks of those heads of a layer (NULL: all), found on so many threads. Errors: no memory. */
bool masks_add(struct masks *masks, size_t layer, const bool *heads, int threads, struct error *error);

/* The mask of a head of the problem, which has been added. */
const struct mask *masks_head(const struct masks *masks, size_t layer, size_t head);

/* The bit at a row and column of cells; 0 where `bits` is NULL. */
static inline bool masks_bit(const struct masks *masks, const uint8_t *bits, size_t row, size_t column)
{
    return bits && bits[row * masks->row_bytes + column / 8] >> column % 8 & 1;
}

/* Sets flags[0..count) to the bits of a row from a column on, 1 or 0. Returns whether any is 1. */
bool masks_row(const struct masks *masks, const uint8_t *bits, size_t row, size_t column, size_t count,
               unsigned char *flags);

void masks_free(struct masks *masks);

#endif
