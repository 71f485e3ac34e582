/* When each token is spoken: the path that Whisper takes from its cross attention to times. */
#ifndef ATTN_COMPUTE_TOKEN_TIMES_H
#define ATTN_COMPUTE_TOKEN_TIMES_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/head.h"
#include "base/error.h"

/* Queries are tokens, keys are frames. */
struct token_times_job {
    const struct strided *weights; /* `count` heads of n rows */
    size_t count, n;
    size_t key_first, key_count;     /* the frames of the sound; others are padding */
    bool is_part;                    /* these are not all keys: weights are divided by their sum over them */
    size_t query_first, query_count; /* the tokens that the path goes through */
    size_t median_width;             /* odd */
};

/*
 * Sets starts[query_count], the frame from key_first on at which the path comes to each token. As find_alignment of openai/whisper
 * 20250625 (timing.py) has it: of each head, weights of a frame less their mean over all tokens, by their standard deviation (0 where
 * that is 0); their median over median_width frames, mirrored at the ends without the last frame itself, or as they are where there
 * are no more than half as many frames; the mean over the heads, in float32; and through its negative the path of the least sum from
 * the first token and frame to the last (dynamic time warping). The sums are float32, and of equal ones the next frame comes before the
 * next token and both at once, as dtw_cpu has it: diagonally only where that is less than both others, to the next token only where it
 * is less than both. Errors: ERROR_INPUT for weights that are not finite; no memory.
 */
bool token_times_find(size_t *starts, const struct token_times_job *job, struct error *error);

#endif
