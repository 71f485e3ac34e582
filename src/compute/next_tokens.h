/*
 * What comes after the last token of a language model: softmax(x·unembed) of the output x of its last layer in the last
 * row, as a decoder predicts (Vaswani et al. 2017, "Attention Is All You Need", section 3.4).
 */
#ifndef ATTN_COMPUTE_NEXT_TOKENS_H
#define ATTN_COMPUTE_NEXT_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/problem.h"

enum { NEXT_TOKENS = 10 };

/* The likeliest first, of equals that with the lower number. Begins zeroed: nothing is known. */
struct next_tokens {
    size_t count; /* NEXT_TOKENS, or as many as there are words; 0: there is no unembed */
    size_t id[NEXT_TOKENS];
    double probability[NEXT_TOKENS]; /* NaN: a score was NaN or infinite */
    const struct labels *vocabulary; /* of the problem, borrowed; NULL: words are their numbers */
};

/* `outputs`, layers×n×d_out, are those of the problem, or NULL. Nothing is found where the last layer has no unembed.
 * Errors: no memory. */
bool next_tokens_find(struct next_tokens *next, const struct problem *problem, const float *outputs,
                      struct error *error);

/* The word at place `at`: that of the vocabulary, or its number, which is written into `room`. */
const char *next_tokens_text(const struct next_tokens *next, size_t at, char room[24]);

#endif
