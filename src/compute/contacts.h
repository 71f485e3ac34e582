/* Which residues of a protein touch, by attention. */
#ifndef ATTN_COMPUTE_CONTACTS_H
#define ATTN_COMPUTE_CONTACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/head.h"
#include "base/error.h"

/*
 * Symmetrized weights of n×n, corrected by the average product (Dunn et al. 2008; Rao et al. 2020, as `symmetrize` and `apc` of
 * facebookresearch/esm, esm/modules.py, have them): S = A + Aᵀ, and contacts[i·n + j] = S_ij − (Σ S_i·)(Σ S_·j)/Σ S. NaN where the sum
 * of all is 0. Errors: no memory.
 */
bool contacts_find(float *contacts, const struct strided *weights, size_t n, struct error *error);

#endif
