/* Which tokens of two sequences are the same: a longest common subsequence, so that the others were put in or left out. */
#ifndef ATTN_COMPUTE_TOKEN_MATCH_H
#define ATTN_COMPUTE_TOKEN_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"

/* Begins zeroed; freed by token_match_free in any case. */
struct token_match {
    size_t count; /* pairs of tokens */
    size_t *of
        [2]; /* of each pair: the token's number in the first sequence and in the second, both rising; owned */
    size_t alone[2];   /* tokens of each sequence that are in no pair */
    bool is_by_number; /* token i is token i: one sequence or both have no labels */
    bool is_all;       /* nothing is alone: pair i is of tokens i and i */
};

/*
 * Labels are compared byte by byte. What both begin with is paired first, then what both end with, then the longest common
 * subsequence of the rest, found with a bit a pair (Hyyrö, Bit-parallel LCS-length computation revisited, 2004); of several that are as
 * long, always the same. Errors: no memory for the square of the rest.
 */
bool token_match_make(struct token_match *match, const struct labels *a, const struct labels *b,
                      struct error *error);
void token_match_free(struct token_match *match);

/* All tokens of both, in one list: those of a pair once, and before it those that are alone, of the first sequence and then of the second. */
struct token_place {
    size_t of[2]; /* the number in each sequence; SIZE_MAX: it is not there */
};
/* count + alone[0] + alone[1] places, which the caller frees. NULL for want of memory. */
struct token_place *token_match_places(const struct token_match *match, struct error *error);

#endif
