/*
 * Tokens put together as the words that they are pieces of: the weight of a word is what its pieces have, so that
 * columns are summed and rows averaged (Clark and others, What Does BERT Look At?, 2019). What comes out is a problem of words and its result, which stand in the place of
 * those of tokens from there on; there are weights and masks of words, and no other stages.
 */
#ifndef ATTN_COMPUTE_JOINING_H
#define ATTN_COMPUTE_JOINING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/result.h"
#include "problem/inputs.h"
#include "problem/problem.h"

/* Whether words are joined: if the inputs have their numbers, by the markers of pieces, or not. */
enum words_from { WORDS_GIVEN, WORDS_PIECES, WORDS_NO };

/* The words of one side. */
struct word_side {
    size_t *of; /* the word of each token, counted from 0; owned */
    size_t count;
};

/* Begins zeroed; stays where it is; freed by joining_free. */
struct joining {
    bool are_joined; /* otherwise nothing else is there */
    struct word_side queries, keys;
    struct problem problem; /* of words: owns its labels and layers, borrows the rest from that of tokens */
    struct tensor mask;     /* of the pairs of words, for the problem */
    struct result result;   /* of words; made by joining_result (compute/joining_result.h) */
};

/*
 * Finds the words of a problem, numbers and labels, and makes the problem of words, without its masks. The problem
 * must outlive the words. Errors: ERROR_INPUT for numbers that are none, no memory.
 */
bool joining_find(struct joining *joining, enum words_from from, const struct problem *problem,
                  const struct inputs *inputs, struct warnings *warnings, struct error *error);

void joining_free(struct joining *joining);

#endif
